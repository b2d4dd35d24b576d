/**
 * Checks the structure of an IPFIX message before it is decoded: a malformed message MUST be
 * discarded as a whole (RFC 7011 section 9.1).
 */

import { VARIABLE_LENGTH } from '../elements/field-specifier.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import type { ByteRange } from '../plan/read-bytes.ts'
import { FieldRange } from '../records/field-range.ts'
import {
  hasTemplate,
  IPFIX_SET,
  readIpfixTemplate,
  type TemplateSetId,
  templateOf,
} from './ipfix-templates.ts'
import { isZero } from './trailing-bytes.ts'

export const SET_HEADER_BYTES = 4

/** Describes the first malformation of a message; undefined if the whole message can be used. */
export function findMalformation(
  { datagram, offset, end }: ByteRange,
  stream: StreamMemory,
): string | undefined {
  const { view } = datagram
  const defined: DefinedTemplates = { first: new Map(), last: new Map() }
  /** Data sets whose template may follow in the message. */
  const undefinedSets: UndefinedSet[] = []
  let at = offset
  while (at + SET_HEADER_BYTES <= end) {
    const setId = view.getUint16(at)
    const length = view.getUint16(at + 2)
    if (length < SET_HEADER_BYTES) {
      // Zeros after the last set are padding that the header's length should not have counted.
      return isZero(view, at, end) ? undefined : `set ${setId} has a length of ${length}`
    }
    if (at + length > end) return `set ${setId}: ${length} bytes, ${end - at} left`
    const set = { datagram, offset: at + SET_HEADER_BYTES, end: at + length }
    if (setId === IPFIX_SET.template || setId === IPFIX_SET.optionsTemplate) {
      if (!collectTemplates(setId, set, defined)) return `a template reaches beyond set ${setId}`
    } else if (setId >= IPFIX_SET.firstData) {
      const template = defined.last.get(setId) ?? stream.template(setId)
      if (template === undefined) undefinedSets.push({ setId, set })
      const broken = template && findBrokenRecord(setId, set, template)
      if (broken !== undefined) return broken
    }
    at += length
  }
  return findBrokenSet(undefinedSets, defined.first)
}

/**
 * Templates that the message defines, before they are in force. The first definition of an id
 * applies to earlier data of the message, the last one to later data.
 */
interface DefinedTemplates {
  readonly first: Map<number, Template>
  readonly last: Map<number, Template>
}

interface UndefinedSet {
  readonly setId: number
  readonly set: ByteRange
}

function findBrokenSet(
  sets: readonly UndefinedSet[],
  defined: ReadonlyMap<number, Template>,
): string | undefined {
  for (const { setId, set } of sets) {
    const template = defined.get(setId)
    const broken = template && findBrokenRecord(setId, set, template)
    if (broken !== undefined) return broken
  }
  return undefined
}

/** Returns false if a template reaches beyond the set. */
function collectTemplates(
  setId: TemplateSetId,
  { datagram, offset, end }: ByteRange,
  { first, last }: DefinedTemplates,
): boolean {
  let at = offset
  while (hasTemplate({ datagram, offset: at, end })) {
    const record = readIpfixTemplate(setId, { datagram, offset: at, end })
    if (record === undefined) return false
    at = record.end
    if (record.fields.length === 0) continue
    const template = templateOf(record)
    if (!first.has(record.id)) first.set(record.id, template)
    last.set(record.id, template)
  }
  return true
}

/** Finds a record that reaches beyond its set. */
function findBrokenRecord(
  setId: number,
  { datagram, offset, end }: ByteRange,
  template: Template,
): string | undefined {
  const { view } = datagram
  if (!template.hasVariableLength) return undefined
  let at = offset
  while (at + template.recordLength <= end) {
    const next = skipRecord(view, at, end, template)
    if (next < 0) return `set ${setId}: the record at byte ${at - offset} reaches beyond it`
    at = next
  }
  return undefined
}

/** Skips runs of fields of fixed length at once: field by field took four times as long. */
function skipRecord(view: DataView, offset: number, end: number, { fixedRuns }: Template): number {
  const range = new FieldRange()
  const last = fixedRuns.length - 1
  let at = offset
  for (let run = 0; run < last; run++) {
    at = range.find(view, VARIABLE_LENGTH, at + (fixedRuns[run] as number), end)
    if (at < 0) return -1
  }
  at += fixedRuns[last] as number
  return at <= end ? at : -1
}
