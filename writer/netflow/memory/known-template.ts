/** A template with its history: when and by which ports it was defined, confirmed, redefined. */

import type { Confirmable } from './confirmation.ts'
import { hashDefinition, type Template } from './template.ts'

/** A template with its history. Times are Unix microseconds. */
export interface KnownTemplate extends Confirmable {
  readonly template: Template
  /** 0: for every source port. */
  readonly sourcePort: number
  /** The source ports that have sent this definition; at most `MAX_PORTS_PER_TEMPLATE`. */
  ports: readonly number[]
  /** Whether a port that is heard defines the id differently. */
  isContradicted: boolean
  /** When its id was first defined, for its source ports. */
  readonly firstSeenMicros: number
  /** When this definition came into force. */
  readonly definedMicros: number
  /** How often the id was redefined. */
  readonly redefinitions: number
  /** Hash of the previous definition; empty if there was none. */
  readonly previousHash: string
  /** How often in a row the id went back to its previous definition. */
  readonly alternations: number
}

/** Further ports displace the least heard one. */
export const MAX_PORTS_PER_TEMPLATE = 8
/** An operator who reverts a change causes one or two alternations. */
export const MAX_ALTERNATIONS = 3
/** Definitions that alternate faster than this contradict each other. Templates come rarely. */
export const ALTERNATION_MICROS = 3_600 * 1_000_000
/** The count stops here: its column has 31 bits, and a flood could fill them within hours. */
const MAX_REDEFINITIONS = 0x7fff_ffff

/** When, and by which port, a template is defined. */
interface Definition {
  readonly nowMicros: number
  /** Used if `known` is absent. */
  readonly firstSeenMicros: number
  readonly port: number
  /** 0: for every source port. */
  readonly sourcePort: number
}

/** Creates the template that follows `known`; without it, the first one of its id. */
export function succeedTemplate(
  known: KnownTemplate | undefined,
  template: Template,
  { nowMicros, firstSeenMicros, port, sourcePort }: Definition,
): KnownTemplate {
  return {
    template,
    sourcePort,
    ports: port > 0 ? [port] : [],
    isContradicted: known?.isContradicted ?? false,
    status: 'confirmed',
    firstSeenMicros: known?.firstSeenMicros ?? firstSeenMicros,
    definedMicros: nowMicros,
    lastSeenMicros: nowMicros,
    notedMicros: nowMicros,
    redefinitions: known ? Math.min(known.redefinitions + 1, MAX_REDEFINITIONS) : 0,
    previousHash: known ? hashDefinition(known.template) : '',
    alternations: known ? countAlternations(known, template, nowMicros) : 0,
  }
}

function countAlternations(known: KnownTemplate, template: Template, nowMicros: number): number {
  const isBack =
    nowMicros - known.definedMicros < ALTERNATION_MICROS &&
    known.previousHash === hashDefinition(template)
  return isBack ? known.alternations + 1 : 0
}
