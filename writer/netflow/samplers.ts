/**
 * What an exporter has announced about its sampling in one observation domain, and which rate a
 * record was sampled at. A rate is the number of packets that one counted packet stands for.
 */

import { BoundedMap } from './bounded-map.ts'
import { MAX_NAMES_PER_STREAM, MAX_SAMPLING_RATE } from './limits.ts'

/** What a record says about its sampling. */
export interface RecordSampling {
  /** The rate in the record itself (34, 50). */
  readonly rate: number | undefined
  /** 48 or 302. */
  readonly samplerId: number | undefined
  readonly inputIf: number | undefined
  readonly templateId: number
}

/** Tells whether a number can be a sampling rate; 0 is sent for "unknown". */
export function isSamplingRate(rate: number | undefined): rate is number {
  return rate !== undefined && rate >= 1 && rate <= MAX_SAMPLING_RATE
}

/** Samplers of one stream, by every scope in which they are announced. */
export class Samplers {
  readonly #byId = new BoundedMap<number, number>(MAX_NAMES_PER_STREAM)
  readonly #byInterface = new BoundedMap<number, number>(MAX_NAMES_PER_STREAM)
  readonly #byTemplate = new BoundedMap<number, number>(MAX_NAMES_PER_STREAM)
  #domainRate: number | undefined

  setSampler(id: number, rate: number): void {
    this.#byId.set(id, rate)
  }

  setInterfaceRate(ifIndex: number, rate: number): void {
    this.#byInterface.set(ifIndex, rate)
  }

  setTemplateRate(templateId: number, rate: number): void {
    this.#byTemplate.set(templateId, rate)
  }

  setDomainRate(rate: number): void {
    this.#domainRate = rate
  }

  /** Tells whether nothing has been announced, so that a record's own word is all there is. */
  get isEmpty(): boolean {
    return (
      this.#domainRate === undefined &&
      this.#byId.size === 0 &&
      this.#byInterface.size === 0 &&
      this.#byTemplate.size === 0
    )
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
    return (
      (samplerId === undefined ? undefined : this.#rateOfSampler(samplerId)) ??
      (inputIf === undefined ? undefined : this.#byInterface.get(inputIf)) ??
      this.#byTemplate.get(templateId) ??
      this.#domainRate ??
      (samplerId === undefined ? this.#onlySampler() : undefined)
    )
  }

  /** Sampler 0 in a record means the only one there is (Cisco 7600). */
  #rateOfSampler(id: number): number | undefined {
    return this.#byId.get(id) ?? (id === 0 ? this.#onlySampler() : undefined)
  }

  #onlySampler(): number | undefined {
    return this.#byId.size === 1 ? this.#byId.values().next().value : undefined
  }
}
