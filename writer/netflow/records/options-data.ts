/**
 * Reads options data records, in which exporters describe themselves. Sampling rates apply to
 * flows; names of interfaces and applications are kept.
 */

import { V9_SCOPE } from '../elements/field-specifier.ts'
import { IE } from '../elements/information-elements.ts'
import { MAX_NAME_BYTES } from '../limits.ts'
import { isSamplingRate, type SamplingAnnouncement } from '../memory/samplers.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import { type DatagramBytes, readUint } from '../plan/read-bytes.ts'
import { FieldRange } from './field-range.ts'

const V9_SCOPE_INTERFACE = 2
const V9_SCOPE_TEMPLATE = 5

function elementKey(enterprise: number, id: number): number {
  return enterprise * 0x1_0000 + id
}

interface OptionValue {
  readonly offset: number
  readonly length: number
}

/** The values of one options data record: the place of the first field of each element. */
export class OptionsRecord {
  readonly #datagram: DatagramBytes
  readonly #values = new Map<number, OptionValue>()

  constructor(datagram: DatagramBytes) {
    this.#datagram = datagram
  }

  /**
   * Reads the record at `offset`.
   *
   *     options record = scope field… option field…      lengths by the options template
   *
   * @returns where the record ends, or −1 when it reaches beyond `end`
   */
  read(template: Template, offset: number, end: number): number {
    this.#values.clear()
    const { view } = this.#datagram
    const range = new FieldRange()
    let at = offset
    for (const field of template.presentFields) {
      const next = range.find(view, field.length, at, end)
      if (next < 0) return -1
      const { offset, length } = range
      const key = elementKey(field.enterprise, field.id)
      if (length > 0 && !this.#values.has(key)) this.#values.set(key, { offset, length })
      at = next
    }
    return at
  }

  /**
   * Returns the value of the first of `ids` (IANA elements) that the record has; at most 53 bits.
   */
  number(...ids: readonly number[]): number | undefined {
    for (const id of ids) {
      const value = this.#number(0, id)
      if (value !== undefined) return value
    }
    return undefined
  }

  /** Returns the value of a scope field of NetFlow v9. */
  scope(type: number): number | undefined {
    return this.#number(V9_SCOPE, type)
  }

  /** Returns the first of `ids` that the record has as text: its first bytes, without padding. */
  text(...ids: readonly number[]): string | undefined {
    for (const id of ids) {
      const value = this.#values.get(elementKey(0, id))
      if (!value) continue
      const { offset, length } = value
      const end = offset + Math.min(length, MAX_NAME_BYTES)
      const text = this.#datagram.bytes.toString('utf8', offset, end)
      const nul = text.indexOf('\0')
      return (nul < 0 ? text : text.slice(0, nul)).trim()
    }
    return undefined
  }

  /** Returns an element as hex digits, unless it is too long for a name. */
  hex(id: number): string | undefined {
    const value = this.#values.get(elementKey(0, id))
    if (!value || value.length > MAX_NAME_BYTES) return undefined
    return this.#datagram.bytes.toString('hex', value.offset, value.offset + value.length)
  }

  /** Returns a floating point element. */
  float(id: number): number | undefined {
    const value = this.#values.get(elementKey(0, id))
    if (value?.length === 4) return this.#datagram.view.getFloat32(value.offset)
    return value?.length === 8 ? this.#datagram.view.getFloat64(value.offset) : undefined
  }

  #number(enterprise: number, id: number): number | undefined {
    const value = this.#values.get(elementKey(enterprise, id))
    if (!value || value.length > 8) return undefined
    const number = readUint(this.#datagram.view, value.offset, value.length)
    return Number.isSafeInteger(number) ? number : undefined
  }

  get interfaceScope(): number | undefined {
    return this.scope(V9_SCOPE_INTERFACE) ?? this.number(IE.ingressInterface, IE.egressInterface)
  }

  get templateScope(): number | undefined {
    return this.scope(V9_SCOPE_TEMPLATE) ?? this.number(IE.templateId)
  }
}

/** Applies an options data record to the memory of its stream. */
export function applyOptions(stream: StreamMemory, record: OptionsRecord): void {
  applySampling(stream, record)
  const systemInitMs = record.number(IE.systemInitTimeMilliseconds)
  if (systemInitMs) stream.systemInitMs = systemInitMs
  const interfaceName = record.text(IE.interfaceName, IE.interfaceDescription)
  const ifIndex = record.interfaceScope
  if (interfaceName !== undefined && ifIndex !== undefined) {
    stream.interfaceNames.set(ifIndex, interfaceName)
  }
  const application = record.hex(IE.applicationId)
  const applicationName = record.text(IE.applicationName, IE.applicationDescription)
  if (application !== undefined && applicationName !== undefined) {
    stream.applicationNames.set(application, applicationName)
  }
}

function applySampling(stream: StreamMemory, record: OptionsRecord): void {
  const samplerId = record.number(IE.samplerId, IE.selectorId)
  const name = record.text(IE.samplerName, IE.selectorName)
  if (samplerId !== undefined && name !== undefined) stream.samplerNames.set(samplerId, name)
  const { rate, source } = samplingRate(record)
  if (!isSamplingRate(rate)) return
  const announcement = {
    ...samplingScope(record, samplerId),
    rate,
    source,
    mode: asOctet(record.number(IE.samplerMode, IE.samplingAlgorithm)),
    algorithm: asOctet(record.number(IE.selectorAlgorithm)),
  }
  stream.samplers.announce(announcement, stream.nowMicros, stream.sourcePort)
}

/** Returns the value of a one-octet element; undefined for a larger number. */
function asOctet(value: number | undefined): number | undefined {
  return value !== undefined && value <= 255 ? value : undefined
}

function samplingScope(
  { interfaceScope, templateScope }: OptionsRecord,
  samplerId: number | undefined,
): Pick<SamplingAnnouncement, 'scope' | 'value'> {
  if (samplerId !== undefined) return { scope: 'sampler', value: samplerId }
  if (interfaceScope !== undefined) return { scope: 'interface', value: interfaceScope }
  if (templateScope !== undefined) return { scope: 'template', value: templateScope }
  return { scope: 'domain', value: 0 }
}

/** Selector algorithms of element 304 (RFC 5477 section 8.2.1). */
const COUNT_BASED = 1
const TIME_BASED = 2
const N_OUT_OF_N = 3
const PROBABILITY = 4

/** A rate and the names of its elements. */
interface SourcedRate {
  readonly rate: number | undefined
  readonly source: string
}

function samplingRate(record: OptionsRecord): SourcedRate {
  switch (record.number(IE.selectorAlgorithm)) {
    case COUNT_BASED:
      return countBasedRate(record) ?? intervalRate(record) ?? NO_RATE
    case TIME_BASED: {
      const rate = ratio(
        record.number(IE.samplingTimeInterval),
        record.number(IE.samplingTimeSpace),
      )
      return { rate, source: 'samplingTimeInterval, samplingTimeSpace' }
    }
    case N_OUT_OF_N: {
      const population = record.number(IE.samplingPopulation)
      const size = record.number(IE.samplingSize)
      const rate = population && size ? Math.round(population / size) : undefined
      return { rate, source: 'samplingSize, samplingPopulation' }
    }
    case PROBABILITY: {
      const probability = record.float(IE.samplingProbability)
      const rate = probability ? Math.round(1 / probability) : undefined
      return { rate, source: 'samplingProbability' }
    }
    default:
      return intervalRate(record) ?? countBasedRate(record) ?? NO_RATE
  }
}

const NO_RATE: SourcedRate = { rate: undefined, source: '' }

/** Reads the elements of v9: one packet out of N. */
function intervalRate(record: OptionsRecord): SourcedRate | undefined {
  const random = record.number(IE.samplerRandomInterval)
  if (random !== undefined) return { rate: random, source: 'samplerRandomInterval' }
  const rate = record.number(IE.samplingInterval)
  return rate === undefined ? undefined : { rate, source: 'samplingInterval' }
}

function countBasedRate(record: OptionsRecord): SourcedRate | undefined {
  const rate = ratio(
    record.number(IE.samplingPacketInterval),
    record.number(IE.samplingPacketSpace),
  )
  if (rate === undefined) return undefined
  return { rate, source: 'samplingPacketInterval, samplingPacketSpace' }
}

/**
 * Returns the packets that one counted packet represents when `interval` packets are counted and
 * `space` packets are skipped in turn.
 */
function ratio(interval: number | undefined, space: number | undefined): number | undefined {
  if (!interval || space === undefined) return undefined
  return Math.round((interval + space) / interval)
}
