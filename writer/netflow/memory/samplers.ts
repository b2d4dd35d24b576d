/**
 * The sampling announcements of one stream, and the rate that applies to a record. A rate is the
 * number of packets that one counted packet represents.
 */

import { MAX_NAMES_PER_STREAM, MAX_SAMPLING_RATE } from '../limits.ts'
import { type Confirmable, confirm, unconfirm } from './confirmation.ts'
import type { MemoryRoom } from './memory-room.ts'
import { type MapChanges, TrackedMap } from './tracked-map.ts'

/** The fields of a record that concern its sampling. */
interface RecordSampling {
  /** The record's own rate (`samplingInterval`, `samplerRandomInterval`). */
  readonly rate: number | undefined
  /** `samplerId` or `selectorId`. */
  readonly samplerId: number | undefined
  readonly inputIf: number | undefined
  readonly templateId: number
  /** Of the message header; 0: none. */
  readonly headerRate?: number
}

/** An operator's settings for an exporter's sampling; every change makes a new object. */
export interface SamplingSettings {
  readonly override: number | null
  readonly default: number | null
  /** Of rates in data records. */
  readonly byteOrder: 'network' | 'little'
}

/**
 * Scopes of an exporter's rates: a sampler id, an interface, a template, or the whole domain.
 * `header` is the rate in the message header of v5 and v6; it applies if no other scope does.
 */
const ANNOUNCED_SCOPES = ['sampler', 'interface', 'template', 'domain', 'header'] as const
/** Scopes of an operator's rates: `override` applies before all others, `default` after them. */
const CONFIGURED_SCOPES = ['override', 'default'] as const
export const SAMPLER_SCOPES = [...ANNOUNCED_SCOPES, ...CONFIGURED_SCOPES] as const

export type SamplerScope = (typeof SAMPLER_SCOPES)[number]
type ConfiguredScope = (typeof CONFIGURED_SCOPES)[number]

/** A rate that an exporter announces or an operator sets. */
export interface SamplingAnnouncement {
  readonly scope: SamplerScope
  /** Sampler id, ifIndex or template id; else 0. */
  readonly value: number
  readonly rate: number
  /** Names of the information elements that held the rate, `message header` or `configured`. */
  readonly source: string
  /** `samplerMode` or `samplingAlgorithm`, or of the header: 1 deterministic, 2 random. */
  readonly mode: number | undefined
  /** `selectorAlgorithm`. */
  readonly algorithm: number | undefined
}

/** An announcement with its times. */
export interface Sampler extends SamplingAnnouncement, Confirmable {
  /** The source port that has announced it last; 0: unknown. */
  port: number
  /**
   * The announcement of another port that this one replaced: the port may turn out to be another
   * exporter.
   */
  before: Sampler | undefined
}

/** Whether a number can be a sampling rate; exporters send 0 for "unknown". */
export function isSamplingRate(rate: number | undefined): rate is number {
  return rate !== undefined && rate >= 1 && rate <= MAX_SAMPLING_RATE
}

/** The samplers of one stream, by scope. */
export class Samplers {
  readonly #byScope: Readonly<Record<SamplerScope, TrackedMap<number, Sampler>>>
  /** The samplers that have the operator's settings: these, or those of the whole stream. */
  readonly #base: Samplers
  #settings: SamplingSettings | undefined
  #suggestedByteOrder: 'little' | undefined

  /**
   * @param room shared with other streams
   * @param base the samplers of the whole stream, if these belong to one exporter behind its
   *   address
   */
  constructor(room?: MemoryRoom, base?: Samplers) {
    this.#base = base ?? this
    const configured = base === undefined ? undefined : base.#byScope
    this.#byScope = {
      sampler: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      interface: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      template: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      domain: new TrackedMap(1),
      header: new TrackedMap(1),
      override: configured?.override ?? new TrackedMap(1),
      default: configured?.default ?? new TrackedMap(1),
    }
  }

  /** Applies an announcement at once. */
  announce(announcement: SamplingAnnouncement, nowMicros: number, port = 0): void {
    const { scope, value } = announcement
    const samplers = this.#byScope[scope]
    const known = samplers.get(value)
    if (known && isSame(known, announcement)) {
      if (known.port !== port) {
        known.before = { ...known, before: undefined }
        known.port = port
      }
      if (confirm(known, nowMicros)) samplers.touch(value)
      return
    }
    const before = known?.port === port ? known.before : known
    if (before === known && before !== undefined) before.before = undefined
    const seen = { lastSeenMicros: nowMicros, notedMicros: nowMicros }
    samplers.set(value, { ...announcement, ...seen, port, before, status: 'confirmed' })
  }

  /** Applies the rate of a message header, which most messages of a stream repeat. */
  noteHeaderRate(rate: number, mode: number, nowMicros: number): void {
    const { header } = this.#byScope
    const known = header.get(0)
    if (known?.rate === rate && known.mode === mode) {
      if (confirm(known, nowMicros)) header.touch(0)
      return
    }
    const announcement = { scope: 'header', value: 0, rate, source: 'message header' } as const
    this.announce({ ...announcement, mode, algorithm: undefined }, nowMicros)
  }

  /** Applies an operator's settings; the caller passes them with every message. */
  configure(settings: SamplingSettings, nowMicros: number): void {
    if (settings === this.#settings) return
    this.#settings = settings
    this.#configureScope('override', settings.override, nowMicros)
    this.#configureScope('default', settings.default, nowMicros)
    if (settings.byteOrder === 'little') this.#suggestedByteOrder = undefined
  }

  #configureScope(scope: ConfiguredScope, rate: number | null, nowMicros: number): void {
    const known = this.#byScope[scope]
    if (rate === null) known.delete(0)
    else if (known.get(0)?.rate !== rate) {
      const announcement = { scope, value: 0, rate, source: 'configured' } as const
      this.announce({ ...announcement, mode: undefined, algorithm: undefined }, nowMicros)
    }
  }

  /** Byte order of rates in data records, by an operator's settings. */
  get byteOrder(): 'network' | 'little' {
    return this.#base.#settings?.byteOrder ?? 'network'
  }

  /** The byte order that an operator should set, judged by the rates. */
  get suggestedByteOrder(): 'little' | undefined {
    return this.#suggestedByteOrder
  }

  /** Notes that rates in data records are plausible only with their bytes swapped. */
  suggestByteOrder(): void {
    if (this.byteOrder === 'network') this.#base.#suggestedByteOrder = 'little'
  }

  /** Whether rates come only from records and message headers. */
  get isEmpty(): boolean {
    const { sampler, interface: byInterface, template, domain } = this.#byScope
    const isSilent = sampler.size + byInterface.size + template.size + domain.size === 0
    return isSilent && this.#byScope.override.size + this.#byScope.default.size === 0
  }

  /** The scopes that belong to these samplers alone. */
  get scopes(): readonly SamplerScope[] {
    return this.#base === this ? SAMPLER_SCOPES : ANNOUNCED_SCOPES
  }

  get hasChanges(): boolean {
    return this.scopes.some((scope) => this.#byScope[scope].hasChanges)
  }

  /** Marks announcements from before the exporter's restart. */
  unconfirm(restartMicros: number): void {
    for (const scope of ANNOUNCED_SCOPES) {
      const samplers = this.#byScope[scope]
      for (const [value, sampler] of samplers) {
        if (unconfirm(sampler, restartMicros)) samplers.touch(value)
      }
    }
  }

  /** Moves announcements to other samplers: those of one port, or all. */
  moveTo(others: Samplers, port?: number): void {
    for (const scope of ANNOUNCED_SCOPES) {
      const samplers = this.#byScope[scope]
      for (const [value, sampler] of [...samplers]) {
        const { before } = sampler
        const moved = port === undefined || sampler.port === port ? sampler : before
        if (moved === undefined || (port !== undefined && moved.port !== port)) continue
        sampler.before = undefined
        others.#receive(scope, moved)
        if (moved !== sampler) continue
        samplers.delete(value)
        if (before !== undefined && port !== undefined) samplers.set(value, before)
      }
    }
  }

  #receive(scope: SamplerScope, sampler: Sampler): void {
    const known = this.#byScope[scope].get(sampler.value)
    if (known !== undefined && known.port !== sampler.port) {
      known.before = undefined
      sampler.before = known
    }
    this.#byScope[scope].set(sampler.value, sampler)
  }

  /** Forgets all announcements. */
  clear(): void {
    for (const scope of ANNOUNCED_SCOPES) {
      const samplers = this.#byScope[scope]
      for (const value of [...samplers.keys()]) samplers.delete(value)
    }
  }

  /** Forgets all rates, also the operator's settings. */
  forgetAll(): void {
    for (const scope of SAMPLER_SCOPES) this.#byScope[scope].clear()
    this.#settings = undefined
  }

  /** Restores an announcement from its row. */
  restore(sampler: Sampler): void {
    const samplers = this.#byScope[sampler.scope]
    samplers.restore(sampler.value, sampler)
    const isConfigured = samplers === this.#byScope.override || samplers === this.#byScope.default
    if (isConfigured || sampler.status !== 'confirmed') return
    sampler.status = 'restored'
    samplers.touch(sampler.value)
  }

  /** Returns the changes of one scope since the last call; the caller has to write them. */
  takeChanges(scope: SamplerScope): MapChanges<number, Sampler> {
    return this.#byScope[scope].takeChanges()
  }

  /**
   * Finds the rate of a record: the override; else that of the record, its sampler, its interface,
   * its template, the domain or the message header; else the default.
   *
   * @returns undefined when it is unknown
   */
  rateOf(record: RecordSampling): number | undefined {
    const { override, default: fallback } = this.#byScope
    return override.get(0)?.rate ?? this.#announcedRate(record) ?? fallback.get(0)?.rate
  }

  #announcedRate(record: RecordSampling): number | undefined {
    if (isSamplingRate(record.rate)) return record.rate
    const { samplerId, inputIf, templateId } = record
    const { interface: byInterface, template, domain } = this.#byScope
    return (
      (samplerId === undefined ? undefined : this.#rateOfSampler(samplerId)) ??
      (inputIf === undefined ? undefined : byInterface.get(inputIf)?.rate) ??
      template.get(templateId)?.rate ??
      domain.get(0)?.rate ??
      (samplerId === undefined ? this.#onlySampler() : undefined) ??
      (isSamplingRate(record.headerRate) ? record.headerRate : undefined)
    )
  }

  /** Finds the rate of a sampler. Sampler 0 in a record means the only sampler (Cisco 7600). */
  #rateOfSampler(id: number): number | undefined {
    return this.#byScope.sampler.get(id)?.rate ?? (id === 0 ? this.#onlySampler() : undefined)
  }

  #onlySampler(): number | undefined {
    const { sampler } = this.#byScope
    return sampler.size === 1 ? sampler.values().next().value?.rate : undefined
  }
}

function isSame(a: SamplingAnnouncement, b: SamplingAnnouncement): boolean {
  return (
    a.rate === b.rate && a.source === b.source && a.mode === b.mode && a.algorithm === b.algorithm
  )
}
