/**
 * The templates of one stream with their history: when each was defined, confirmed, redefined. If
 * exporters that share one address define the same ids differently, each source port gets templates
 * of its own.
 */

import { MAX_FIELDS_PER_STREAM, MAX_TEMPLATES_PER_STREAM } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import { type Confirmable, confirm, unconfirm } from './confirmation.ts'
import type { MemoryRoom } from './memory-room.ts'
import { hashDefinition, sameDefinition, type Template } from './template.ts'
import { type MapChanges, TrackedMap } from './tracked-map.ts'

/**
 * The effect of a definition. `contradicting`: two definitions keep replacing each other. `split`:
 * they come from two source ports, and each port has its own templates now. `refused`: there is no
 * room for it, and none is in force.
 */
export type TemplateChange = 'new' | 'changed' | 'contradicting' | 'split' | 'refreshed' | 'refused'

/** A template with its history. Times are Unix microseconds. */
export interface KnownTemplate extends Confirmable {
  readonly template: Template
  /** 0: for every source port. */
  readonly sourcePort: number
  /** When its id was first defined. */
  readonly firstSeenMicros: number
  /** When this definition came into force. */
  readonly definedMicros: number
  /** How often the id was redefined. */
  readonly redefinitions: number
  /** Hash of the previous definition; empty if there was none. */
  readonly previousHash: string
  /**
   * How often in a row the id went back to its previous definition: in all, and by two source ports
   * in turn.
   */
  readonly alternations: { readonly all: number; readonly byPort: number }
  /** The source ports of this definition and of the previous one. */
  readonly definedBy: { readonly port: number; readonly previousPort: number }
}

/** The key of a template among those of its stream. */
interface TemplateKey {
  readonly templateId: number
  readonly sourcePort: number
}

/** The alternations of a template that never went back to its previous definition. */
export const NO_ALTERNATIONS = { all: 0, byPort: 0 } as const

/** Definitions that alternate faster than this contradict each other. */
const ALTERNATION_MICROS = 300 * 1_000_000
/** An operator who reverts a change causes one or two. */
const MAX_ALTERNATIONS = 3
const TEMPLATE_IDS = 0x1_0000
/** The count stops here: its column has 31 bits, and a flood could fill them within hours. */
const MAX_REDEFINITIONS = 0x7fff_ffff

export class Templates {
  readonly #known = new TrackedMap<number, KnownTemplate>(MAX_TEMPLATES_PER_STREAM)
  readonly #oldest = new OldestFirst(this.#known)
  readonly #room: MemoryRoom | undefined
  #fieldCount = 0
  #isByPort = false
  /** Of the current message. */
  #nowMicros = 0
  #port = 0

  /** @param room shared with the templates of other streams */
  constructor(room?: MemoryRoom) {
    this.#room = room
  }

  get size(): number {
    return this.#known.size
  }

  /** Fields of all templates together. */
  get fieldCount(): number {
    return this.#fieldCount
  }

  get hasChanges(): boolean {
    return this.#known.hasChanges
  }

  /** The source port of the templates in force; undefined while all ports share them. */
  get portInForce(): number | undefined {
    return this.#isByPort ? this.#port : undefined
  }

  /** Sets the receive time and the source port of the next definitions. */
  arrive(nowMicros: number, port: number): void {
    this.#nowMicros = nowMicros
    this.#port = port
  }

  get(id: number): Template | undefined {
    return this.#known.get(this.#keyOf(id))?.template
  }

  /** Returns a template with its history. */
  known(id: number): KnownTemplate | undefined {
    return this.#known.get(this.#keyOf(id))
  }

  /**
   * Applies a definition at once; at a limit the least recently refreshed templates are forgotten.
   */
  define(template: Template): TemplateChange {
    const known = this.known(template.id)
    if (known && sameDefinition(known.template, template)) {
      const key = this.#keyOf(template.id)
      this.#known.renew(key)
      if (confirm(known, this.#nowMicros)) this.#known.touch(key)
      return 'refreshed'
    }
    const next = this.#succeed(known, template)
    if (next.alternations.byPort >= MAX_ALTERNATIONS && !this.#isByPort) {
      this.forgetAll()
      this.#isByPort = true
      const own = { ...next, sourcePort: this.#port, alternations: NO_ALTERNATIONS }
      return this.#put(own) ? 'split' : 'refused'
    }
    this.forget(template.id)
    if (!this.#put(next)) return 'refused'
    if (known === undefined) return 'new'
    return next.alternations.all >= MAX_ALTERNATIONS ? 'contradicting' : 'changed'
  }

  #succeed(known: KnownTemplate | undefined, template: Template): KnownTemplate {
    const now = this.#nowMicros
    return {
      template,
      sourcePort: this.portInForce ?? 0,
      status: 'confirmed',
      firstSeenMicros: known?.firstSeenMicros ?? now,
      definedMicros: now,
      lastSeenMicros: now,
      notedMicros: now,
      redefinitions: known ? Math.min(known.redefinitions + 1, MAX_REDEFINITIONS) : 0,
      previousHash: known ? hashDefinition(known.template) : '',
      alternations: known ? this.#countAlternations(known, template) : NO_ALTERNATIONS,
      definedBy: { port: this.#port, previousPort: known?.definedBy.port ?? this.#port },
    }
  }

  #countAlternations(known: KnownTemplate, template: Template): KnownTemplate['alternations'] {
    const isBack =
      this.#nowMicros - known.definedMicros < ALTERNATION_MICROS &&
      known.previousHash === hashDefinition(template)
    if (!isBack) return NO_ALTERNATIONS
    const { port, previousPort } = known.definedBy
    const isByPort = this.#port === previousPort && this.#port !== port
    const { all, byPort } = known.alternations
    return { all: all + 1, byPort: isByPort ? byPort + 1 : 0 }
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    this.#forgetKey(this.#keyOf(id))
  }

  /** Marks definitions from before the exporter's restart. */
  unconfirm(restartMicros: number): void {
    for (const [key, known] of this.#known) {
      if (unconfirm(known, restartMicros)) this.#known.touch(key)
    }
  }

  /**
   * Restores a template from its row; the caller restores rows in the order of `lastSeenMicros`.
   */
  restore(known: KnownTemplate): void {
    const { sourcePort, template } = known
    const key = sourcePort * TEMPLATE_IDS + template.id
    if (sourcePort > 0) this.#isByPort = true
    if (!this.#makeRoom(template.fields.length)) return
    this.#known.restore(key, known)
    this.#fieldCount += template.fields.length
    if (known.status !== 'confirmed') return
    known.status = 'restored'
    this.#known.touch(key)
  }

  /** Returns the changes since the last call; the caller has to write them. */
  takeChanges(): MapChanges<TemplateKey, KnownTemplate> {
    const { changed, removed } = this.#known.takeChanges()
    return {
      changed: changed.map(([key, known]) => [splitKey(key), known]),
      removed: removed.map(splitKey),
    }
  }

  #keyOf(id: number): number {
    return this.#isByPort ? this.#port * TEMPLATE_IDS + id : id
  }

  #put(known: KnownTemplate): boolean {
    const { fields, id } = known.template
    if (!this.#makeRoom(fields.length)) return false
    this.#known.set(this.#keyOf(id), known)
    this.#fieldCount += fields.length
    return true
  }

  #forgetKey(key: number): void {
    const known = this.#known.get(key)
    if (known === undefined) return
    this.#known.delete(key)
    this.#fieldCount -= known.template.fields.length
    this.#room?.give(templateBytes(known.template.fields.length))
  }

  /** Forgets all definitions. */
  forgetAll(): void {
    for (const key of [...this.#known.keys()]) this.#forgetKey(key)
  }

  #makeRoom(fields: number): boolean {
    while (
      this.#known.size >= MAX_TEMPLATES_PER_STREAM ||
      this.#fieldCount + fields > MAX_FIELDS_PER_STREAM
    ) {
      if (!this.#forgetOldest()) break
    }
    const room = this.#room
    if (!room) return true
    while (!room.take(templateBytes(fields))) {
      if (this.#forgetOldest()) continue
      room.refuse()
      return false
    }
    return true
  }

  #forgetOldest(): boolean {
    const oldest = this.#oldest.next()
    if (oldest !== undefined) this.#forgetKey(oldest)
    return oldest !== undefined
  }
}

/** Estimates the memory of a template in use; measured: 7.6 KB with 25 fields, 37 KB with 300. */
function templateBytes(fields: number): number {
  return 5_000 + fields * 110
}

function splitKey(key: number): TemplateKey {
  return { templateId: key % TEMPLATE_IDS, sourcePort: Math.floor(key / TEMPLATE_IDS) }
}
