/**
 * The templates that are in force for one source port each. A stream has some after a port has
 * redefined a template of another port that may still export. If that port is heard again, the two
 * contradict each other: they are two exporters, or somebody sends in the name of one.
 */

import { type KnownTemplate, MAX_PORTS_PER_TEMPLATE } from './known-template.ts'
import { HOUR_MICROS, type SourcePort, type SourcePorts } from './source-ports.ts'
import { sameDefinition } from './template.ts'
import type { TemplateStore } from './template-store.ts'

/** Silence after which the definition of a port that is known to contradict another one is dropped. */
const DAY_MICROS = 24 * HOUR_MICROS

export class PortTemplates {
  readonly #store: TemplateStore
  readonly #ports: SourcePorts
  /** Ports whose definition another port has replaced, and that were not heard since. */
  readonly #replaced = new Set<number>()
  /** Ports that contradict what was there before them. */
  readonly #newcomers = new Set<number>()
  #count = 0
  #splitId: number | undefined
  #heir: number | undefined

  constructor(store: TemplateStore, ports: SourcePorts) {
    this.#store = store
    this.#ports = ports
  }

  get count(): number {
    return this.#count
  }

  /** Ports that contradict what was there before them. */
  get newcomers(): ReadonlySet<number> {
    return this.#newcomers
  }

  has(id: number): boolean {
    if (this.#count === 0) return false
    for (const port of this.#ports.all()) if (port.owns(id)) return true
    return false
  }

  /** Finds the template for data of a port; undefined also if it cannot be known. */
  find(id: number, port: number): KnownTemplate | undefined {
    const own = port > 0 ? this.#store.get(id, port) : undefined
    if (own !== undefined) return own
    let latest: KnownTemplate | undefined
    let ofKin: KnownTemplate | undefined
    for (const other of this.#ports.all()) {
      const known = other.owns(id) ? this.#store.get(id, other.port) : undefined
      if (known === undefined) continue
      latest = later(latest, known)
      if (this.#ports.isKin(other, port)) ofKin = later(ofKin, known)
    }
    const shared = ofKin ?? this.#store.get(id, 0)
    return shared ?? (latest?.isContradicted ? undefined : latest)
  }

  /** Finds the template that a definition of a port refreshes or replaces. */
  findDefined(id: number, port: number): KnownTemplate | undefined {
    const own = this.#store.get(id, port)
    if (own !== undefined || port === 0) return own
    const rows = this.rowsOf(id)
    if (rows.length === 0) return this.#store.get(id, 0)
    return rows.find(({ sourcePort }) => this.#isSurelyKin(sourcePort, port))
  }

  /** Notes that a template of one port was put into the store. */
  notePut({ sourcePort, template }: KnownTemplate): void {
    this.#count += 1
    this.#ports.find(sourcePort)?.own(template.id)
  }

  /** Notes that a template of one port has left the store. */
  noteForgotten({ sourcePort, template }: KnownTemplate): void {
    this.#count -= 1
    this.#ports.find(sourcePort)?.disown(template.id)
  }

  forgetPort({ port, ownIds }: SourcePort): void {
    for (const id of ownIds) this.#store.forget(id, port)
    this.#replaced.delete(port)
    this.#newcomers.delete(port)
  }

  /**
   * Gives a shared template to the ports that have sent it and may still export, unless `port` is
   * surely one of the same process: it is about to replace it.
   *
   * @returns whether there are such ports
   */
  split(known: KnownTemplate, port: number): boolean {
    const others = known.ports.filter(
      (other) => !this.#ports.isSilent(other, HOUR_MICROS) && !this.#isSurelyKin(other, port),
    )
    if (port === 0 || others.length === 0) return false
    this.#store.forget(known.template.id, 0)
    for (const sourcePort of others) {
      const own = { ...known, sourcePort, ports: [sourcePort] }
      if (!this.#store.put(own)) continue
      this.notePut(own)
      this.#replaced.add(sourcePort)
    }
    return true
  }

  /** Notes that a port is heard: it contradicts those that have replaced its definitions. */
  hear(port: number): void {
    if (this.#replaced.size === 0 || !this.#replaced.delete(port)) return
    for (const id of this.#ports.find(port)?.ownIds ?? []) {
      const rows = this.rowsOf(id)
      if (allSame(rows)) continue
      this.#contradict(rows)
      this.#splitId = id
    }
  }

  /** Returns a template that two ports define differently, once. */
  takeSplit(): number | undefined {
    const id = this.#splitId
    this.#splitId = undefined
    return id
  }

  /** Returns a newcomer that is the only port left, once. */
  takeHeir(): number | undefined {
    const port = this.#heir
    this.#heir = undefined
    return port
  }

  /**
   * Settles the definitions of an id after that of a port has come: those of silent ports are dropped,
   * and if the others agree, all ports share them again.
   */
  settle(current: KnownTemplate, port: number): void {
    const { id } = current.template
    let isShared = true
    for (const other of this.#ports.all()) {
      const known = other.owns(id) ? this.#store.get(id, other.port) : undefined
      if (known === undefined || known === current) continue
      if (this.#isGone(known, other, port)) this.#store.forget(id, other.port)
      else if (!sameDefinition(known.template, current.template)) {
        isShared = false
        this.#oppose(current, known)
      }
    }
    if (isShared) this.#share(current)
  }

  /** Restores what follows from the templates of an id, each of which is restored. */
  restore(id: number): void {
    const rows = this.rowsOf(id)
    if (rows.some(({ isContradicted }) => isContradicted)) this.#contradict(rows)
    for (const current of rows) for (const other of rows) this.#oppose(current, other)
  }

  rowsOf(id: number): KnownTemplate[] {
    const rows: KnownTemplate[] = []
    if (this.#count === 0) return rows
    for (const port of this.#ports.all()) {
      const known = port.owns(id) ? this.#store.get(id, port.port) : undefined
      if (known !== undefined) rows.push(known)
    }
    return rows
  }

  #isGone({ isContradicted }: KnownTemplate, other: SourcePort, port: number): boolean {
    const silence = isContradicted ? DAY_MICROS : HOUR_MICROS
    return this.#ports.isSilent(other.port, silence) || this.#ports.isSurelyKin(other, port)
  }

  #share(current: KnownTemplate): void {
    const { id } = current.template
    const rows = this.rowsOf(id)
    const ports = rows.flatMap((row) => row.ports).slice(0, MAX_PORTS_PER_TEMPLATE)
    for (const { sourcePort } of rows) this.#store.forget(id, sourcePort)
    this.#store.put({ ...current, sourcePort: 0, ports, isContradicted: false })
    const isLast = rows.length === 1 && this.#count === 0
    if (isLast && this.#newcomers.delete(current.sourcePort)) this.#heir = current.sourcePort
  }

  /** Notes that the definition of one port differs from the present one of another. */
  #oppose(current: KnownTemplate, other: KnownTemplate): void {
    if (other.isContradicted) {
      if (other.firstSeenMicros < current.firstSeenMicros) this.#newcomers.add(current.sourcePort)
      this.#markContradicted(current)
    } else if (other.definedMicros < current.definedMicros) this.#replaced.add(other.sourcePort)
  }

  #contradict(rows: readonly KnownTemplate[]): void {
    const first = Math.min(...rows.map(({ firstSeenMicros }) => firstSeenMicros))
    for (const row of rows) {
      if (row.firstSeenMicros > first) this.#newcomers.add(row.sourcePort)
      this.#markContradicted(row)
    }
  }

  #markContradicted(known: KnownTemplate): void {
    if (known.isContradicted) return
    known.isContradicted = true
    this.#store.touch(known)
  }

  #isSurelyKin(one: number, port: number): boolean {
    const known = this.#ports.find(one)
    return one === port || (known !== undefined && this.#ports.isSurelyKin(known, port))
  }
}

function allSame([first, ...others]: readonly KnownTemplate[]): boolean {
  if (first === undefined) return true
  return others.every(({ template }) => sameDefinition(template, first.template))
}

function later(one: KnownTemplate | undefined, other: KnownTemplate): KnownTemplate {
  return one !== undefined && one.definedMicros >= other.definedMicros ? one : other
}
