/**
 * What an exporter has announced about its sampling in one observation domain, and which rate a
 * record was sampled at. A rate is the number of packets that one counted packet stands for.
 */

import { type Confirmable, confirm, unconfirm } from './confirmation.ts'
import { MAX_NAMES_PER_STREAM, MAX_SAMPLING_RATE } from './limits.ts'
import { type MapChanges, TrackedMap } from './tracked-map.ts'

/** What a record says about its sampling. */
export interface RecordSampling {
  /** The rate in the record itself (34, 50). */
  readonly rate: number | undefined
  /** 48 or 302. */
  readonly samplerId: number | undefined
  readonly inputIf: number | undefined
  readonly templateId: number
}

/**
 * What a rate applies to: a sampler id, an interface, a template, or all of the domain. `header` is
 * the rate in the message header of v5, which applies where nothing else does.
 */
export const SAMPLER_SCOPES = ['sampler', 'interface', 'template', 'domain', 'header'] as const

export type SamplerScope = (typeof SAMPLER_SCOPES)[number]

/** A rate as an exporter announces it. */
export interface SamplingAnnouncement {
  readonly scope: SamplerScope
  /** Sampler id, ifIndex or template id; 0 for domain and header. */
  readonly value: number
  readonly rate: number
  /** Names of the information elements that the rate was in, or of a header field. */
  readonly source: string
  /** 35 or 49: 1 deterministic, 2 random. */
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
  readonly #byScope = {
    sampler: new TrackedMap<number, Sampler>(MAX_NAMES_PER_STREAM),
    interface: new TrackedMap<number, Sampler>(MAX_NAMES_PER_STREAM),
    template: new TrackedMap<number, Sampler>(MAX_NAMES_PER_STREAM),
    domain: new TrackedMap<number, Sampler>(1),
    header: new TrackedMap<number, Sampler>(1),
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
  noteHeaderRate(rate: number, nowMicros: number): void {
    const { header } = this.#byScope
    const known = header.get(0)
    if (known?.rate === rate) {
      if (confirm(known, nowMicros)) header.touch(0)
      return
    }
    const announcement = { scope: 'header', value: 0, rate, source: 'message header' } as const
    this.announce({ ...announcement, mode: undefined, algorithm: undefined }, nowMicros)
  }

  /** Tells whether nothing has been announced, so that a record's own word is all there is. */
  get isEmpty(): boolean {
    const { sampler, interface: byInterface, template, domain } = this.#byScope
    return domain.size === 0 && sampler.size === 0 && byInterface.size === 0 && template.size === 0
  }

  get hasChanges(): boolean {
    return SAMPLER_SCOPES.some((scope) => this.#byScope[scope].hasChanges)
  }

  /** Marks what was said before the exporter's restart. */
  unconfirm(restartMicros: number): void {
    for (const scope of SAMPLER_SCOPES) {
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
    if (sampler.status !== 'confirmed') return
    sampler.status = 'restored'
    samplers.touch(sampler.value)
  }

  /** Gives what has to be written down of one scope since the last call. */
  takeChanges(scope: SamplerScope): MapChanges<number, Sampler> {
    return this.#byScope[scope].takeChanges()
  }

  /**
   * Finds the rate of a record: its own, its sampler's, its interface's, its template's, the
   * domain's.
   *
   * @returns undefined when it is unknown
   */
  rateOf(record: RecordSampling): number | undefined {
    if (isSamplingRate(record.rate)) return record.rate
    const { samplerId, inputIf, templateId } = record
    const { interface: byInterface, template, domain } = this.#byScope
    return (
      (samplerId === undefined ? undefined : this.#rateOfSampler(samplerId)) ??
      (inputIf === undefined ? undefined : byInterface.get(inputIf)?.rate) ??
      template.get(templateId)?.rate ??
      domain.get(0)?.rate ??
      (samplerId === undefined ? this.#onlySampler() : undefined)
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
