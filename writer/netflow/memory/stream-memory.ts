/**
 * The memory of one stream: what decoding needs of an exporter's earlier messages of one version
 * and observation domain. Streams share no templates.
 */

import { MAX_NAMES_PER_STREAM } from '../limits.ts'
import type { AddressedStreamKey } from '../stream-key.ts'
import type { BudgetKind, ExporterBudget } from './exporter-budget.ts'
import { FlowTotals } from './flow-totals.ts'
import type { MemoryRooms } from './memory-room.ts'
import { Samplers } from './samplers.ts'
import type { Template } from './template.ts'
import { type TemplateChange, Templates } from './templates.ts'
import { TrackedMap } from './tracked-map.ts'

const MIN_RESTART_MICROS = 60 * 1_000_000

export class StreamMemory {
  /** The exporter whose memory limits apply. */
  readonly exporter: string
  readonly exporterBytes: Uint8Array
  readonly exportVersion: number
  readonly observationDomain: number
  readonly templates: Templates
  readonly samplers: Samplers
  readonly totals = new FlowTotals()
  /** By ifIndex. */
  readonly interfaceNames: TrackedMap<number, string>
  /** By application id in hex. */
  readonly applicationNames: TrackedMap<string, string>
  /** By sampler id. */
  readonly samplerNames: TrackedMap<number, string>
  /**
   * Boot time by the exporter's options (`systemInitTimeMilliseconds`), Unix milliseconds; NaN:
   * unknown.
   */
  systemInitMs = Number.NaN
  /** Boot time estimated from flows: see `boot-estimate.ts`; NaN: no estimate. */
  bootEstimateMs = Number.NaN
  /** When a template was last defined or refreshed, Unix microseconds; 0: never. */
  lastTemplateMicros = 0
  /** Receive time of the current message, Unix microseconds. */
  nowMicros = 0
  /** Source port of the current message. */
  sourcePort = 0
  /** When a restart of the exporter was last found. */
  #restartMicros = 0

  /** Shared by the streams of an exporter; undefined: everything is read. */
  readonly budget: ExporterBudget | undefined

  /** @param rooms shared with other streams; without them only the limits of one stream apply */
  constructor(key: AddressedStreamKey, rooms?: MemoryRooms, budget?: ExporterBudget) {
    this.budget = budget
    this.exporter = key.exporter
    this.exporterBytes = key.exporterBytes
    this.exportVersion = key.exportVersion
    this.observationDomain = key.observationDomain
    this.templates = new Templates(rooms?.templates)
    this.samplers = new Samplers(rooms?.names)
    this.interfaceNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.applicationNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.samplerNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
  }

  /** Spends from the budget of the exporter; returns false if nothing is left. */
  spend(kind: BudgetKind, amount?: number): boolean {
    return this.budget === undefined || this.budget.spend(kind, amount)
  }

  /** Sets the receive time and the source port of the next message. */
  arrive(receivedAtMicros: number, sourcePort: number): void {
    this.nowMicros = receivedAtMicros
    this.sourcePort = Math.trunc(sourcePort)
    this.templates.arrive(receivedAtMicros, this.sourcePort)
  }

  template(id: number): Template | undefined {
    return this.templates.get(id)
  }

  /**
   * Applies a definition at once; at a limit the least recently refreshed templates are forgotten.
   */
  define(template: Template): TemplateChange {
    return this.templates.define(template)
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    this.templates.forget(id)
  }

  /** Forgets everything that the exporter has said: the stream makes room for another one. */
  forgetAll(): void {
    this.templates.forgetAll()
    this.samplers.forgetAll()
    this.interfaceNames.clear()
    this.applicationNames.clear()
    this.samplerNames.clear()
    this.totals.forgetAll()
  }

  /** Marks announcements from before the exporter's restart; they stay in use until replaced. */
  unconfirm(restartMicros: number): void {
    this.bootEstimateMs = Number.NaN
    // This visits every entry, so a constantly restarting exporter must not cause it every time.
    if (Math.abs(restartMicros - this.#restartMicros) < MIN_RESTART_MICROS) return
    this.#restartMicros = restartMicros
    this.templates.unconfirm(restartMicros)
    this.samplers.unconfirm(restartMicros)
  }
}
