/**
 * Remembers the sampling rates and boot times that exporters announce. Exporters behind one address
 * that contradict each other have memories of their own: the rate of one must not scale the flows
 * of another.
 */

import type { MemoryRoom } from './memory-room.ts'
import { Samplers } from './samplers.ts'
import type { SourcePorts } from './source-ports.ts'

/** The announcements of one exporter. */
export interface OptionsMemory {
  /** 0: the memory of all ports without one of their own. */
  readonly sourcePort: number
  readonly samplers: Samplers
  /**
   * Boot time by the exporter's options (`systemInitTimeMilliseconds`), Unix milliseconds; NaN:
   * unknown.
   */
  systemInitMs: number
  /** The source port that has sent it last. */
  systemInitPort: number
  /** Boot time estimated from flows: see `boot-estimate.ts`; NaN: no estimate. */
  bootEstimateMs: number
  /** Distinguishes the flows of exporters that send running totals. */
  readonly flowTag: string
}

export class OptionsMemories {
  readonly shared: OptionsMemory
  readonly #room: MemoryRoom | undefined
  readonly #own = new Map<number, OptionsMemory>()
  /** The result of `takeAll` for most streams: they have no other memory. */
  readonly #alone: readonly OptionsMemory[]
  /** Forgotten memories whose rows have yet to be removed. */
  readonly #gone: OptionsMemory[] = []

  constructor(room: MemoryRoom | undefined) {
    this.#room = room
    this.shared = createMemory(0, new Samplers(room))
    this.#alone = [this.shared]
  }

  /**
   * Returns the memory of a port: its own if it is a newcomer, that of a newcomer whose process it
   * belongs to, or the shared one.
   */
  of(port: number, newcomers: ReadonlySet<number>, ports: SourcePorts): OptionsMemory {
    if (newcomers.has(port)) return this.open(port)
    for (const newcomer of newcomers) {
      // Opening it also moves the newcomer's announcements out of the shared memory.
      const own = this.open(newcomer)
      if (ports.isKin(newcomer, port)) return own
    }
    return this.shared
  }

  /**
   * Returns the memory of one port. A new one takes the port's announcements out of the shared one.
   */
  open(port: number): OptionsMemory {
    const known = this.#own.get(port)
    if (known !== undefined) return known
    const opened = createMemory(port, new Samplers(this.#room, this.shared.samplers))
    this.#own.set(port, opened)
    const { shared } = this
    shared.samplers.moveTo(opened.samplers, port)
    // It may come from the flows of both.
    shared.bootEstimateMs = Number.NaN
    if (shared.systemInitPort !== port) return opened
    opened.systemInitMs = shared.systemInitMs
    shared.systemInitMs = Number.NaN
    return opened
  }

  /** Forgets the memory of a port. */
  forget(port: number): void {
    const known = this.#own.get(port)
    if (known === undefined) return
    known.samplers.clear()
    this.#own.delete(port)
    this.#gone.push(known)
  }

  /** Forgets everything, also the operator's settings. */
  forgetAll(): void {
    for (const port of [...this.#own.keys()]) this.forget(port)
    this.shared.samplers.forgetAll()
  }

  /** Moves the announcements of all ports but these to the shared memory. */
  retain(ports: ReadonlySet<number>): void {
    for (const port of [...this.#own.keys()]) if (!ports.has(port)) this.rejoin(port)
  }

  /** Moves the announcements of a port to the shared memory. */
  rejoin(port: number): void {
    const own = this.#own.get(port)
    if (own === undefined) return
    own.samplers.moveTo(this.shared.samplers)
    this.shared.bootEstimateMs = own.bootEstimateMs
    if (!Number.isNaN(own.systemInitMs)) {
      this.shared.systemInitMs = own.systemInitMs
      this.shared.systemInitPort = port
    }
    this.forget(port)
  }

  /** Makes the memory of the last remaining port the shared one. */
  inherit(port: number): void {
    const { samplers, sourcePort, flowTag, ...times } = this.open(port)
    this.shared.samplers.clear()
    samplers.moveTo(this.shared.samplers)
    Object.assign(this.shared, times)
    this.forget(port)
  }

  /** Returns all memories, and those forgotten since the last call. */
  takeAll(): readonly OptionsMemory[] {
    if (this.#gone.length === 0 && this.#own.size === 0) return this.#alone
    return [...this.#gone.splice(0), this.shared, ...this.#own.values()]
  }

  /** Marks announcements from before a restart of the exporter. */
  unconfirm(restartMicros: number): void {
    this.shared.samplers.unconfirm(restartMicros)
    for (const { samplers } of this.#own.values()) samplers.unconfirm(restartMicros)
  }
}

function createMemory(sourcePort: number, samplers: Samplers): OptionsMemory {
  return {
    sourcePort,
    samplers,
    systemInitMs: Number.NaN,
    systemInitPort: 0,
    bootEstimateMs: Number.NaN,
    flowTag: sourcePort === 0 ? '' : ` port ${sourcePort}`,
  }
}
