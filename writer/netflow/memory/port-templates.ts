/**
 * Templates that hold for one source port each. A stream has some after a port has redefined a
 * template of another port that may still export. If the other port is heard again, the two
 * contradict each other: they are two exporters, or one of them is forged.
 */

import { type KnownTemplate, MAX_PORTS_PER_TEMPLATE } from './known-template.ts'
import type { SourcePort, SourcePorts } from './source-ports.ts'
import { sameDefinition } from './template.ts'
import type { TemplateStore } from './template-store.ts'

/**
 * A port that redefines the template of another port may be another exporter, or the same one after
 * a move. It has moved if the other port stays silent during this many of its messages.
 */
const DOUBTFUL_MESSAGES = 8

export class PortTemplates {
  readonly #store: TemplateStore
  readonly #ports: SourcePorts
  /** Ports whose definition another port has replaced, and that have not been heard since. */
  readonly #replaced = new Set<number>()
  /** Ports that contradict an earlier port. */
  readonly #newcomers = new Set<number>()
  /** Ports that may be newcomers, each with its count of messages at which the doubt ends. */
  readonly #doubtful = new Map<number, number>()
  /** By template id and port. */
  readonly #byId = new Map<number, Map<number, KnownTemplate>>()
  #heir: number | undefined

  constructor(store: TemplateStore, ports: SourcePorts) {
    this.#store = store
    this.#ports = ports
  }

  /** Whether no template holds for one port only. */
  get isEmpty(): boolean {
    return this.#byId.size === 0
  }

  /** Ports that contradict an earlier port. */
  get newcomers(): ReadonlySet<number> {
    return this.#newcomers
  }

  /**
   * Judges whether a port may be a newcomer.
   *
   * @returns `moved` once, when the port turns out not to be one; undefined without a doubt
   */
  judgeDoubt(port: number): 'doubtful' | 'moved' | undefined {
    const limit = this.#doubtful.size === 0 ? undefined : this.#doubtful.get(port)
    if (limit === undefined) return undefined
    if ((this.#ports.find(port)?.messages ?? limit) < limit) return 'doubtful'
    this.#doubtful.delete(port)
    return 'moved'
  }

  has(id: number): boolean {
    return this.#byId.has(id)
  }

  /**
   * Finds the template for data of a port; undefined if there is none, or several that contradict
   * each other.
   */
  find(id: number, port: number): KnownTemplate | undefined {
    const rows = this.#byId.get(id)
    const own = rows?.get(port)
    if (rows === undefined || own !== undefined) return own ?? this.#store.get(id, 0)
    let latest: KnownTemplate | undefined
    let ofKin: KnownTemplate | undefined
    for (const known of rows.values()) {
      latest = later(latest, known)
      if (this.#ports.isKin(known.sourcePort, port)) ofKin = later(ofKin, known)
    }
    const shared = ofKin ?? this.#store.get(id, 0)
    return shared ?? (latest?.isContradicted ? undefined : latest)
  }

  /** Finds the template that a definition of a port refreshes or replaces. */
  findDefined(id: number, port: number): KnownTemplate | undefined {
    const rows = this.#byId.get(id)
    if (rows === undefined || port === 0) return this.#store.get(id, 0)
    const own = rows.get(port)
    if (own !== undefined) return own
    for (const known of rows.values())
      if (this.#ports.isSurelyKin(known.sourcePort, port)) return known
    return undefined
  }

  /**
   * Returns a time for a port's first definition of an id: after those of the other ports, even if
   * the clock was set back.
   */
  firstSeenOf(id: number, nowMicros: number): number {
    let first = nowMicros
    for (const known of this.#byId.get(id)?.values() ?? []) {
      first = Math.max(first, known.firstSeenMicros + 1)
    }
    return first
  }

  /** Notes that a template of one port was put into the store. */
  notePut(known: KnownTemplate): void {
    const { sourcePort, template } = known
    const rows = this.#byId.get(template.id)
    if (rows === undefined) this.#byId.set(template.id, new Map([[sourcePort, known]]))
    else rows.set(sourcePort, known)
    this.#ports.find(sourcePort)?.own(template.id)
  }

  /** Notes that a template of one port has left the store. */
  noteForgotten({ sourcePort, template }: KnownTemplate): void {
    const rows = this.#byId.get(template.id)
    rows?.delete(sourcePort)
    if (rows?.size === 0) this.#byId.delete(template.id)
    this.#ports.find(sourcePort)?.disown(template.id)
  }

  forgetPort({ port, ownIds }: SourcePort): void {
    for (const id of ownIds) this.#store.forget(id, port)
    this.#replaced.delete(port)
    this.#newcomers.delete(port)
    this.#doubtful.delete(port)
  }

  /**
   * Splits a shared template that `port` is about to replace. Each port that has sent it and may
   * still export keeps it, except those that surely belong to the process of `port`.
   *
   * @returns whether any port keeps it
   */
  split(known: KnownTemplate, port: number): boolean {
    const others = known.ports.filter(
      (other) => !this.#ports.isGone(other) && !this.#ports.isSurelyKin(other, port),
    )
    if (port === 0 || others.length === 0) return false
    const { messages = 0 } = this.#ports.find(port) ?? {}
    if (!this.#newcomers.has(port)) this.#doubtful.set(port, messages + DOUBTFUL_MESSAGES)
    this.#store.forget(known.template.id, 0)
    for (const sourcePort of others) {
      const own = { ...known, sourcePort, ports: [sourcePort] }
      if (!this.#store.put(own)) continue
      this.notePut(own)
      this.#replaced.add(sourcePort)
    }
    return true
  }

  /**
   * Notes that a port is heard: it contradicts those that have replaced its definitions.
   *
   * @returns a template that the ports define differently, once
   */
  hear(port: number): number | undefined {
    if (this.#replaced.size === 0 || !this.#replaced.delete(port)) return undefined
    let splitId: number | undefined
    for (const id of this.#ports.find(port)?.ownIds ?? []) {
      const rows = this.#rowsOf(id)
      if (allSame(rows)) continue
      this.#contradict(rows)
      splitId = id
    }
    return splitId
  }

  /** Returns, once, a newcomer that is the only port left. */
  takeHeir(): number | undefined {
    const port = this.#heir
    this.#heir = undefined
    return port
  }

  /**
   * Settles the definitions of an id after `port` has sent one. Definitions of ports that are gone
   * are dropped. If the others agree, all ports share one definition again.
   */
  settle(current: KnownTemplate, port: number): void {
    const { id } = current.template
    let isShared = true
    for (const known of this.#byId.get(id)?.values() ?? []) {
      if (known === current) continue
      const { sourcePort } = known
      const isObsolete = this.#ports.isGone(sourcePort) || this.#ports.isSurelyKin(sourcePort, port)
      if (isObsolete) this.#store.forget(id, sourcePort)
      else if (!sameDefinition(known.template, current.template)) {
        isShared = false
        this.#oppose(current, known)
      }
    }
    if (isShared) this.#share(current)
  }

  /**
   * Restores the contradictions between the templates of an id, after all of them were restored.
   */
  restore(id: number): void {
    const rows = this.#rowsOf(id)
    if (rows.some(({ isContradicted }) => isContradicted)) this.#contradict(rows)
    const [latest] = rows.toSorted((one, other) => other.definedMicros - one.definedMicros)
    for (const row of rows) if (latest !== undefined && row !== latest) this.#oppose(latest, row)
  }

  #rowsOf(id: number): readonly KnownTemplate[] {
    return [...(this.#byId.get(id)?.values() ?? [])]
  }

  #share(current: KnownTemplate): void {
    const { id } = current.template
    const rows = this.#rowsOf(id)
    const ports = rows.flatMap((row) => row.ports).slice(0, MAX_PORTS_PER_TEMPLATE)
    for (const { sourcePort } of rows) this.#store.forget(id, sourcePort)
    this.#store.put({ ...current, sourcePort: 0, ports, isContradicted: false })
    const isLast = rows.length === 1 && this.isEmpty
    if (isLast && this.#newcomers.delete(current.sourcePort)) this.#heir = current.sourcePort
  }

  /** Notes that the definition of one port differs from that of another. */
  #oppose(current: KnownTemplate, other: KnownTemplate): void {
    if (other.isContradicted) {
      if (other.firstSeenMicros < current.firstSeenMicros) this.#addNewcomer(current)
      this.#markContradicted(current)
    } else this.#replaced.add(other.sourcePort)
  }

  #contradict(rows: readonly KnownTemplate[]): void {
    const first = Math.min(...rows.map(({ firstSeenMicros }) => firstSeenMicros))
    for (const row of rows) {
      if (row.firstSeenMicros > first) this.#addNewcomer(row)
      this.#markContradicted(row)
    }
  }

  #addNewcomer({ sourcePort }: KnownTemplate): void {
    this.#newcomers.add(sourcePort)
    this.#doubtful.delete(sourcePort)
  }

  #markContradicted(known: KnownTemplate): void {
    if (known.isContradicted) return
    known.isContradicted = true
    this.#store.touch(known)
  }
}

function allSame([first, ...others]: readonly KnownTemplate[]): boolean {
  if (first === undefined) return true
  return others.every(({ template }) => sameDefinition(template, first.template))
}

function later(one: KnownTemplate | undefined, other: KnownTemplate): KnownTemplate {
  return one !== undefined && one.definedMicros > other.definedMicros ? one : other
}
