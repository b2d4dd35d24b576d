/**
 * What an exporter has announced about its sampling in one observation domain, and which rate a
 * record was sampled at. A rate is the number of packets that one counted packet stands for.
 */

import { MAX_NAMES_PER_STREAM, MAX_SAMPLING_RATE } from '../limits.ts'
import { type Confirmable, confirm, unconfirm } from './confirmation.ts'
import type { MemoryRoom } from './memory-room.ts'
import { type MapChanges, TrackedMap } from './tracked-map.ts'

/** What a record says about its sampling. */
interface RecordSampling {
  /** The rate in the record itself (34, 50). */
  readonly rate: number | undefined
  /** 48 or 302. */
  readonly samplerId: number | undefined
  readonly inputIf: number | undefined
  readonly templateId: number
  /** Of the message header; 0: it says none. */
  readonly headerRate?: number
}

/** What an operator has said about an exporter's sampling; a new object when it changes. */
export interface SamplingSettings {
  readonly override: number | null
  readonly default: number | null
  /** Of rates in data records. */
  readonly byteOrder: 'network' | 'little'
}

/**
 * What a rate that an exporter announces applies to: a sampler id, an interface, a template, or all
 * of the domain. `header` is the rate in the message header of v5 and v6, which applies where
 * nothing else does.
 */
const ANNOUNCED_SCOPES = ['sampler', 'interface', 'template', 'domain', 'header'] as const
/** What an operator says applies before everything, or where there is nothing. */
const CONFIGURED_SCOPES = ['override', 'default'] as const
export const SAMPLER_SCOPES = [...ANNOUNCED_SCOPES, ...CONFIGURED_SCOPES] as const

export type SamplerScope = (typeof SAMPLER_SCOPES)[number]
type ConfiguredScope = (typeof CONFIGURED_SCOPES)[number]

/** A rate as an exporter announces it, or an operator. */
export interface SamplingAnnouncement {
  readonly scope: SamplerScope
  /** Sampler id, ifIndex or template id; else 0. */
  readonly value: number
  readonly rate: number
  /** Names of the information elements that the rate was in, or of a header field; `configured`. */
  readonly source: string
  /** 35 or 49, or of the header: 1 deterministic, 2 random. */
  readonly mode: number | undefined
  /** 304. */
  readonly algorithm: number | undefined
}

/** An announcement and when it was made. */
export interface Sampler extends SamplingAnnouncement, Confirmable {}

/** Tells whether a number can be a sampling rate; 0 is sent for "unknown". */
export function isSamplingRate(rate: number | undefined): rate is number {
  return rate !== undefined && rate >= 1 && rate <= MAX_SAMPLING_RATE
}

/** Samplers of one stream, by every scope in which they are announced. */
export class Samplers {
  readonly #byScope: Readonly<Record<SamplerScope, TrackedMap<number, Sampler>>>
  #settings: SamplingSettings | undefined
  #suggestedByteOrder: 'little' | undefined

  /** @param room shared with what other streams remember */
  constructor(room?: MemoryRoom) {
    this.#byScope = {
      sampler: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      interface: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      template: new TrackedMap(MAX_NAMES_PER_STREAM, room),
      domain: new TrackedMap(1),
      header: new TrackedMap(1),
      override: new TrackedMap(1),
      default: new TrackedMap(1),
    }
  }

  /** Takes an announcement into force at once. */
  announce(announcement: SamplingAnnouncement, nowMicros: number): void {
    const { scope, value } = announcement
    const samplers = this.#byScope[scope]
    const known = samplers.get(value)
    if (known && isSame(known, announcement)) {
      if (confirm(known, nowMicros)) samplers.touch(value)
      return
    }
    const seen = { lastSeenMicros: nowMicros, notedMicros: nowMicros }
    samplers.set(value, { ...announcement, ...seen, status: 'confirmed' })
  }

  /** Takes the rate of a message header, which most messages of a stream repeat. */
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

  /** Takes what an operator says into force; to be called for every message. */
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

  /** Of rates in data records, as far as an operator says so. */
  get byteOrder(): 'network' | 'little' {
    return this.#settings?.byteOrder ?? 'network'
  }

  /** What an operator should say it is, by the look of the rates. */
  get suggestedByteOrder(): 'little' | undefined {
    return this.#suggestedByteOrder
  }

  /** Notes that rates in data records make sense with their bytes swapped only. */
  suggestByteOrder(): void {
    if (this.byteOrder === 'network') this.#suggestedByteOrder = 'little'
  }

  /** Tells whether nothing but the message itself says a rate. */
  get isEmpty(): boolean {
    const { sampler, interface: byInterface, template, domain } = this.#byScope
    const isSilent = sampler.size + byInterface.size + template.size + domain.size === 0
    return isSilent && this.#byScope.override.size + this.#byScope.default.size === 0
  }

  get hasChanges(): boolean {
    return SAMPLER_SCOPES.some((scope) => this.#byScope[scope].hasChanges)
  }

  /** Marks what was said before the exporter's restart. */
  unconfirm(restartMicros: number): void {
    for (const scope of ANNOUNCED_SCOPES) {
      const samplers = this.#byScope[scope]
      for (const [value, sampler] of samplers) {
        if (unconfirm(sampler, restartMicros)) samplers.touch(value)
      }
    }
  }

  /** Takes an announcement back into force that was written down. */
  restore(sampler: Sampler): void {
    const samplers = this.#byScope[sampler.scope]
    samplers.restore(sampler.value, sampler)
    const isConfigured = samplers === this.#byScope.override || samplers === this.#byScope.default
    if (isConfigured || sampler.status !== 'confirmed') return
    sampler.status = 'restored'
    samplers.touch(sampler.value)
  }

  /** Gives what has to be written down of one scope since the last call. */
  takeChanges(scope: SamplerScope): MapChanges<number, Sampler> {
    return this.#byScope[scope].takeChanges()
  }

  /**
   * Finds the rate of a record: what an operator says it is; else its own, its sampler's, its
   * interface's, its template's, the domain's, the message's; else what an operator says it is then.
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

  /** Sampler 0 in a record means the only one there is (Cisco 7600). */
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
