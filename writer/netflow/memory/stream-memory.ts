/**
 * The memory of one stream: everything from its earlier messages that decoding needs. Streams share
 * no templates.
 */

import { MAX_NAMES_PER_STREAM } from '../limits.ts'
import type { AddressedStreamKey } from '../stream-key.ts'
import type { BudgetKind, ExporterBudget } from './exporter-budget.ts'
import { FlowTotals } from './flow-totals.ts'
import type { MemoryRooms } from './memory-room.ts'
import { OptionsMemories, type OptionsMemory } from './options-memory.ts'
import type { Samplers, SamplingSettings } from './samplers.ts'
import type { Template } from './template.ts'
import { type TemplateChange, Templates } from './templates.ts'
import { TrackedMap } from './tracked-map.ts'

/** Versions before it have no templates. */
const FIRST_VERSION_WITH_TEMPLATES = 9
const MIN_RESTART_MICROS = 60 * 1_000_000

export class StreamMemory {
  /** The exporter whose memory limits apply. */
  readonly exporter: string
  readonly exporterBytes: Uint8Array
  readonly exportVersion: number
  readonly observationDomain: number
  readonly templates: Templates
  readonly totals = new FlowTotals()
  /** By ifIndex. */
  readonly interfaceNames: TrackedMap<number, string>
  /** By application id in hex. */
  readonly applicationNames: TrackedMap<string, string>
  /** By sampler id. */
  readonly samplerNames: TrackedMap<number, string>
  readonly options: OptionsMemories
  /** When a template was last defined or refreshed, Unix microseconds; 0: never. */
  lastTemplateMicros = 0
  /** When definitions from one port last contradicted each other, Unix microseconds; 0: never. */
  mixedTemplatesMicros = 0
  /** Receive time of the current message, Unix microseconds. */
  nowMicros = 0
  /** Source port of the current message. */
  sourcePort = 0
  /** When a restart of the exporter was last found. */
  #restartMicros = 0
  /** The options of the exporter of the current message. */
  #options: OptionsMemory

  /** Shared by the streams of an exporter; undefined: without limits. */
  readonly budget: ExporterBudget | undefined

  /** @param rooms shared with other streams; without them only the limits of one stream apply */
  constructor(key: AddressedStreamKey, rooms?: MemoryRooms, budget?: ExporterBudget) {
    this.budget = budget
    this.exporter = key.exporter
    this.exporterBytes = key.exporterBytes
    this.exportVersion = key.exportVersion
    this.observationDomain = key.observationDomain
    this.options = new OptionsMemories(rooms?.names)
    this.#options = this.options.shared
    this.templates = new Templates({
      room: rooms?.templates,
      onForgetPort: (port) => this.options.forget(port),
    })
    this.interfaceNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.applicationNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.samplerNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
  }

  /** Spends from the budget of the exporter; returns false if nothing is left. */
  spend(kind: BudgetKind, amount?: number): boolean {
    return this.budget === undefined || this.budget.spend(kind, amount)
  }

  /** The sampling rates of the exporter of the current message. */
  get samplers(): Samplers {
    return this.#options.samplers
  }

  /** Boot time of that exporter by its options, Unix milliseconds; NaN: unknown. */
  get systemInitMs(): number {
    return this.#options.systemInitMs
  }

  set systemInitMs(bootMs: number) {
    this.#options.systemInitMs = bootMs
    this.#options.systemInitPort = this.sourcePort
  }

  /** Boot time of that exporter, estimated from its flows, Unix milliseconds; NaN: no estimate. */
  get bootEstimateMs(): number {
    return this.#options.bootEstimateMs
  }

  set bootEstimateMs(bootMs: number) {
    this.#options.bootEstimateMs = bootMs
  }

  /**
   * Sets the receive time, the source port and the sequence number of the next message.
   *
   * @returns a template that this port and another one define differently, once
   */
  arrive(receivedAtMicros: number, sourcePort: number, sequence = 0): number | undefined {
    this.nowMicros = receivedAtMicros
    this.sourcePort = Math.trunc(sourcePort)
    if (this.exportVersion < FIRST_VERSION_WITH_TEMPLATES) return undefined
    const splitId = this.templates.arrive(receivedAtMicros, this.sourcePort, sequence)
    this.#chooseOptions()
    return splitId
  }

  /** Applies an operator's settings; the caller passes them with every message. */
  configureSampling(settings: SamplingSettings, nowMicros: number): void {
    this.options.shared.samplers.configure(settings, nowMicros)
  }

  /** Chooses the memory of options that is in force for the current port. */
  #chooseOptions(): void {
    const { newcomers, ports } = this.templates
    const doubt = this.templates.judgeDoubt()
    if (doubt === 'doubtful') {
      this.#options = this.options.open(this.sourcePort)
      this.totals.tag = ''
      return
    }
    if (doubt === 'moved') this.options.rejoin(this.sourcePort)
    if (newcomers.size === 0) this.#options = this.options.shared
    else this.#options = this.options.of(this.sourcePort, newcomers, ports)
    this.totals.tag = this.#options.flowTag
  }

  template(id: number): Template | undefined {
    return this.templates.get(id)
  }

  /**
   * Applies a definition at once; at a limit the least recently refreshed templates are forgotten.
   */
  define(template: Template): TemplateChange {
    const change = this.templates.define(template)
    if (change === 'contradicting') this.mixedTemplatesMicros = this.nowMicros
    if (this.templates.isByPort) this.#chooseOptions()
    const heir = this.templates.takeHeir()
    if (heir === undefined) return change
    this.options.inherit(heir)
    this.#chooseOptions()
    return change
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    this.templates.forget(id)
  }

  /** Forgets everything: the stream makes room for another one. */
  forgetAll(): void {
    this.templates.forgetAll()
    this.options.forgetAll()
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
    this.options.unconfirm(restartMicros)
  }
}
