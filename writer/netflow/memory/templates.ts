/**
 * The templates of one stream with their history: when each was defined, confirmed, redefined. The
 * source ports of a stream share them, until exporters behind one address define an id differently.
 */

import { MAX_PORTS_PER_STREAM, MAX_TEMPLATES_PER_STREAM } from '../limits.ts'
import { confirm, unconfirm } from './confirmation.ts'
import {
  ALTERNATION_MICROS,
  type KnownTemplate,
  MAX_ALTERNATIONS,
  MAX_PORTS_PER_TEMPLATE,
  succeedTemplate,
} from './known-template.ts'
import type { MemoryRoom } from './memory-room.ts'
import { PortTemplates } from './port-templates.ts'
import { type MessageCounts, SourcePorts } from './source-ports.ts'
import { sameDefinition, type Template } from './template.ts'
import { type TemplateKey, TemplateStore } from './template-store.ts'
import type { MapChanges } from './tracked-map.ts'

/**
 * The effect of a definition. `contradicting`: two definitions of one port keep replacing each other.
 * `refused`: there is no room for it, and none is in force.
 */
export type TemplateChange = 'new' | 'changed' | 'contradicting' | 'refreshed' | 'refused'

interface TemplatesOptions {
  /** Shared with the templates of other streams. */
  readonly room?: MemoryRoom | undefined
  /** Called for each port whose templates are forgotten. */
  readonly onForgetPort?: (port: number) => void
}

export class Templates {
  readonly ports: SourcePorts
  readonly #store: TemplateStore
  readonly #own: PortTemplates
  /** Invalid definitions of ids that other ports define, each as port and id. */
  readonly #invalid = new Set<string>()
  /** Of the current message. */
  #nowMicros = 0
  #port = 0

  constructor({ room, onForgetPort }: TemplatesOptions = {}) {
    this.ports = new SourcePorts((port) => {
      this.#own.forgetPort(port)
      onForgetPort?.(port.port)
    })
    this.#store = new TemplateStore(room, (known) => {
      if (known.sourcePort > 0) this.#own.noteForgotten(known)
    })
    this.#own = new PortTemplates(this.#store, this.ports)
  }

  get size(): number {
    return this.#store.size
  }

  /** Fields of all templates together. */
  get fieldCount(): number {
    return this.#store.fieldCount
  }

  get hasChanges(): boolean {
    return this.#store.hasChanges
  }

  /** Whether some templates are in force for one port only. */
  get isByPort(): boolean {
    return !this.#own.isEmpty
  }

  /** Ports that contradict an earlier port. */
  get newcomers(): ReadonlySet<number> {
    return this.#own.newcomers
  }

  /**
   * Sets the receive time, the source port (0: unknown) and the sequence number of the next message.
   *
   * @returns a template that this port and another one define differently, once
   */
  arrive(nowMicros: number, port: number, sequence = 0): number | undefined {
    this.#nowMicros = nowMicros
    this.#port = port
    if (port === 0) return undefined
    this.ports.arrive(port, sequence, nowMicros)
    return this.#own.hear(port)
  }

  /**
   * Notes the counts of the current message, after it was decoded.
   *
   * @returns a template that the port has redefined lately, if the port turns out to send several
   *   series of numbers: several exporters seem to share it
   */
  note(counts: MessageCounts): number | undefined {
    if (this.#port === 0 || !this.ports.note(counts)) return undefined
    for (const { template, ports, redefinitions, definedMicros } of this.#store.all()) {
      const isRecent = this.#nowMicros - definedMicros < ALTERNATION_MICROS
      if (isRecent && redefinitions > 0 && ports.includes(this.#port)) return template.id
    }
    return undefined
  }

  get(id: number): Template | undefined {
    return this.find(id, this.#port)?.template
  }

  /**
   * Finds the template for data of a port; undefined if there is none, or several that contradict
   * each other.
   */
  find(id: number, port: number): KnownTemplate | undefined {
    if (this.#own.isEmpty && this.#invalid.size === 0) return this.#store.get(id, 0)
    return this.#invalid.has(`${port} ${id}`) ? undefined : this.#own.find(id, port)
  }

  /**
   * Judges whether the current port may be a newcomer.
   *
   * @returns `moved` once, when the port turns out not to be one; undefined without a doubt
   */
  judgeDoubt(): 'doubtful' | 'moved' | undefined {
    return this.#own.judgeDoubt(this.#port)
  }

  /** Returns, once, a newcomer that is the only port left. */
  takeHeir(): number | undefined {
    return this.#own.takeHeir()
  }

  /**
   * Applies a definition at once; at a limit the least recently refreshed templates are forgotten.
   */
  define(template: Template): TemplateChange {
    const { id } = template
    const port = this.#port
    if (this.#invalid.size > 0) this.#invalid.delete(`${port} ${id}`)
    const known = this.#own.findDefined(id, port)
    if (known && sameDefinition(known.template, template)) {
      this.#refresh(known)
      return 'refreshed'
    }
    const isSplit = known?.sourcePort === 0 && this.#own.split(known, port)
    const nowMicros = this.#nowMicros
    const next = succeedTemplate(isSplit ? undefined : known, template, {
      nowMicros,
      firstSeenMicros: this.#own.firstSeenOf(id, nowMicros),
      port,
      sourcePort: known?.sourcePort || (this.#own.has(id) ? port : 0),
    })
    if (!this.#store.put(next)) return 'refused'
    if (next.sourcePort > 0) {
      this.#own.notePut(next)
      this.#own.settle(next, port)
    }
    if (known === undefined) return 'new'
    const limit = this.ports.find(port)?.hasSeveralSeries ? 1 : MAX_ALTERNATIONS
    return next.alternations >= limit ? 'contradicting' : 'changed'
  }

  #refresh(known: KnownTemplate): void {
    const port = this.#port
    this.#store.renew(known)
    const isDue = confirm(known, this.#nowMicros)
    if (isDue) this.#store.touch(known)
    if (port > 0 && !known.ports.includes(port)) {
      const isFull = known.ports.length >= MAX_PORTS_PER_TEMPLATE
      const weakest = isFull ? this.ports.weakestOf(known.ports) : undefined
      known.ports = [...known.ports.filter((other) => other !== weakest), port]
      this.#store.touch(known)
    }
    if (isDue && known.sourcePort > 0) this.#own.settle(known, port)
  }

  /**
   * Forgets a definition of the current port: an invalid redefinition must not leave the old one in
   * force. Other ports keep theirs.
   */
  forget(id: number): void {
    const port = this.#port
    const known = this.#own.findDefined(id, port)
    const isSplit = known?.sourcePort === 0 && this.#own.split(known, port)
    if (known !== undefined && !isSplit) this.#store.forget(id, known.sourcePort)
    if (this.#own.has(id)) this.#noteInvalid(id)
  }

  #noteInvalid(id: number): void {
    const [oldest] = this.#invalid
    if (this.#invalid.size >= MAX_TEMPLATES_PER_STREAM && oldest) this.#invalid.delete(oldest)
    this.#invalid.add(`${this.#port} ${id}`)
  }

  /** Forgets all definitions. */
  forgetAll(): void {
    for (const { template, sourcePort } of [...this.#store.all()]) {
      this.#store.forget(template.id, sourcePort)
    }
  }

  /** Marks definitions from before the exporter's restart. */
  unconfirm(restartMicros: number): void {
    for (const known of this.#store.all()) {
      if (unconfirm(known, restartMicros)) this.#store.touch(known)
    }
  }

  /**
   * Restores a template from its row; the caller restores rows in the order of `lastSeenMicros`.
   */
  restore(known: KnownTemplate): void {
    const { sourcePort, template, lastSeenMicros } = known
    if (sourcePort > 0) this.ports.restore(sourcePort, lastSeenMicros)
    // Leaves room for all ports with templates of their own.
    else if (this.ports.size < MAX_PORTS_PER_STREAM / 2) {
      for (const port of known.ports) this.ports.restore(port, lastSeenMicros)
    }
    if (!this.#store.restore(known)) return
    if (sourcePort > 0) {
      this.#own.notePut(known)
      this.#own.restore(template.id)
    }
    if (known.status !== 'confirmed') return
    known.status = 'restored'
    this.#store.touch(known)
  }

  /** Returns the changes since the last call; the caller has to write them. */
  takeChanges(): MapChanges<TemplateKey, KnownTemplate> {
    return this.#store.takeChanges()
  }
}
