/**
 * Reads options data records: what an exporter says about itself. Sampling is used for the flows'
 * rates, names of interfaces and applications are kept; nothing here becomes a flow.
 */

import type { ExportStream } from './export-stream.ts'
import { V9_SCOPE, VARIABLE_LENGTH } from './field-specifier.ts'
import { MAX_NAME_BYTES } from './limits.ts'
import { type DatagramBytes, readUint } from './read-bytes.ts'
import { isSamplingRate } from './samplers.ts'
import type { Template } from './template.ts'

const V9_SCOPE_INTERFACE = 2
const V9_SCOPE_TEMPLATE = 5

function elementKey(enterprise: number, id: number): number {
  return enterprise * 0x1_0000 + id
}

interface OptionValue {
  readonly offset: number
  readonly length: number
}

/** The values of one options data record: where the first field of each kind is. */
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
   * @returns where it ends, or −1 when it would reach beyond `end`
   */
  read(template: Template, offset: number, end: number): number {
    this.#values.clear()
    const { view } = this.#datagram
    let at = offset
    for (const field of template.presentFields) {
      let { length } = field
      if (length === VARIABLE_LENGTH) {
        if (at >= end) return -1
        length = view.getUint8(at++)
        if (length === 255) {
          if (at + 2 > end) return -1
          length = view.getUint16(at)
          at += 2
        }
      }
      if (at + length > end) return -1
      const key = elementKey(field.enterprise, field.id)
      if (length > 0 && !this.#values.has(key)) this.#values.set(key, { offset: at, length })
      at += length
    }
    return at
  }

  /** Gives the first of some IANA elements that the record has, as a number of at most 53 bits. */
  number(...ids: readonly number[]): number | undefined {
    for (const id of ids) {
      const value = this.#number(0, id)
      if (value !== undefined) return value
    }
    return undefined
  }

  /** Gives a scope field of NetFlow v9. */
  scope(type: number): number | undefined {
    return this.#number(V9_SCOPE, type)
  }

  /** Gives the beginning of the first of some elements as text, without the padding. */
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

  /** Gives an element as hex digits, unless it is too long for a name. */
  hex(id: number): string | undefined {
    const value = this.#values.get(elementKey(0, id))
    if (!value || value.length > MAX_NAME_BYTES) return undefined
    return this.#datagram.bytes.toString('hex', value.offset, value.offset + value.length)
  }

  /** Gives a floating point element. */
  float(id: number): number | undefined {
    const value = this.#values.get(elementKey(0, id))
    if (value?.length === 4) return this.#datagram.view.getFloat32(value.offset)
    return value?.length === 8 ? this.#datagram.view.getFloat64(value.offset) : undefined
  }

  #number(enterprise: number, id: number): number | undefined {
    const value = this.#values.get(elementKey(enterprise, id))
    if (!value || value.length > 8) return undefined
    return readUint(this.#datagram.view, value.offset, value.length)
  }

  get interfaceScope(): number | undefined {
    return this.scope(V9_SCOPE_INTERFACE) ?? this.number(10, 14)
  }

  get templateScope(): number | undefined {
    return this.scope(V9_SCOPE_TEMPLATE) ?? this.number(145)
  }
}

/** Takes what an options data record says into the state of its stream. */
export function applyOptions(stream: ExportStream, record: OptionsRecord): void {
  applySampling(stream, record)
  const systemInitMs = record.number(160)
  if (systemInitMs) stream.systemInitMs = systemInitMs
  const interfaceName = record.text(82, 83)
  const ifIndex = record.interfaceScope
  if (interfaceName !== undefined && ifIndex !== undefined) {
    stream.interfaceNames.set(ifIndex, interfaceName)
  }
  const application = record.hex(95)
  const applicationName = record.text(96, 94)
  if (application !== undefined && applicationName !== undefined) {
    stream.applicationNames.set(application, applicationName)
  }
}

function applySampling({ samplers, samplerNames }: ExportStream, record: OptionsRecord): void {
  const samplerId = record.number(48, 302)
  const name = record.text(84, 335)
  if (samplerId !== undefined && name !== undefined) samplerNames.set(samplerId, name)
  const rate = samplingRate(record)
  if (!isSamplingRate(rate)) return
  const { interfaceScope, templateScope } = record
  if (samplerId !== undefined) samplers.setSampler(samplerId, rate)
  else if (interfaceScope !== undefined) samplers.setInterfaceRate(interfaceScope, rate)
  else if (templateScope !== undefined) samplers.setTemplateRate(templateScope, rate)
  else samplers.setDomainRate(rate)
}

/** Selector algorithms of element 304 (RFC 5477 section 8.2.1). */
const COUNT_BASED = 1
const TIME_BASED = 2
const N_OUT_OF_N = 3
const PROBABILITY = 4

function samplingRate(record: OptionsRecord): number | undefined {
  const probability = record.float(311)
  switch (record.number(304)) {
    case COUNT_BASED:
      return ratio(record.number(305), record.number(306)) ?? record.number(50, 34)
    case TIME_BASED:
      return ratio(record.number(307), record.number(308))
    case N_OUT_OF_N: {
      const population = record.number(310)
      const size = record.number(309)
      return population && size ? Math.round(population / size) : undefined
    }
    case PROBABILITY:
      return probability ? Math.round(1 / probability) : undefined
    default:
      return record.number(50, 34) ?? ratio(record.number(305), record.number(306))
  }
}

/** Of `interval` taken and `space` left out in turn: how many stand behind one taken. */
function ratio(interval: number | undefined, space: number | undefined): number | undefined {
  if (!interval || space === undefined) return undefined
  return Math.round((interval + space) / interval)
}
