/**
 * Feeds datagrams to a decoder as the writer does and returns plain objects that tests can compare.
 * Every record is checked on the way: it has to fit the table.
 */

import assert from 'node:assert/strict'
import { Decoder } from '../../writer/netflow/decode.ts'
import type { ProblemCode, RejectReason } from '../../writer/netflow/decode-result.ts'
import {
  FIELD,
  type FieldName,
  type FlowRecord,
  type FlowSink,
} from '../../writer/netflow/flow-record.ts'
import { StreamMemory } from '../../writer/netflow/memory/stream-memory.ts'
import {
  EXPORT_SECONDS,
  type FieldBytes,
  type IpfixField,
  type IpfixValue,
  ipfixMessage,
  ipfixTemplate,
  oneIpfixRecord,
  oneRecordMessage,
  set,
  VARIABLE,
  type Wire,
} from './netflow-bytes.ts'
import { systemIpv6Text } from './system-address.ts'

/** When test datagrams arrive unless a test says otherwise, Unix microseconds. */
export const RECEIVED_AT_MICROS = EXPORT_SECONDS * 1_000_000 + 250_000

/**
 * The fields that a record has. Addresses and MACs are text (IPv6 in eight groups), times Unix
 * microseconds, counters above 2⁵³ bigints, `extra` the JSON text.
 */
export type DecodedFlow = { [name in FieldName]?: number | bigint | string }

/** The result of one datagram. */
export interface Decoded {
  readonly reject: RejectReason | undefined
  readonly flows: readonly DecodedFlow[]
  /** Receive time of the message that each flow came in. */
  readonly receivedAt: readonly number[]
  readonly problems: readonly ProblemCode[]
  readonly counts: Counts
}

const COUNTS = [
  'dataRecords',
  'releasedRecords',
  'flowRecords',
  'optionsRecords',
  'templateRecords',
  'decodedSets',
  'heldSets',
  'waitingSets',
  'releasedSets',
  'malformedSets',
  'implausibleTimes',
] as const

/**
 * The counters of a result that are not zero, and how many definitions of templates were new or
 * changed.
 */
export type Counts = { [name in (typeof COUNTS)[number] | 'changedTemplates']?: number }

export interface Arrival {
  readonly exporter?: string
  readonly receivedAtMicros?: number
  readonly port?: number
}

/** A decoder with the streams of its exporters. */
export class DecoderHarness {
  readonly decoder = new Decoder()
  readonly #streams = new Map<string, StreamMemory>()
  #changedTemplates = 0

  receive(datagram: Buffer, arrival: Arrival = {}): Decoded {
    const { decoder } = this
    const flows: DecodedFlow[] = []
    const receivedAt: number[] = []
    datagram.copy(decoder.datagram.bytes)
    // The decoder must never read the rest of an earlier, longer datagram.
    decoder.datagram.bytes.fill(0xa5, datagram.length)
    const reject = decoder.readHeader(datagram.length)
    if (reject !== undefined) return { reject, flows, receivedAt, problems: [], counts: {} }
    const stream = this.stream(arrival.exporter)
    this.#changedTemplates = 0
    const sink: FlowSink = (record, message) => {
      assert.equal(message.observationDomain, stream.observationDomain)
      flows.push(describeRecord(record))
      receivedAt.push(message.receivedAtMicros)
    }
    decoder.decode(stream, arrival.receivedAtMicros ?? RECEIVED_AT_MICROS, sink, arrival.port)
    const { result } = decoder
    const counts: Counts = {}
    for (const name of COUNTS) if (result[name] !== 0) counts[name] = result[name]
    if (this.#changedTemplates > 0) counts.changedTemplates = this.#changedTemplates
    const problems = result.problems.map(({ code }) => code)
    return { reject, flows, receivedAt, problems, counts }
  }

  /** Returns the stream of the header read last; creates it when it is new. */
  stream(exporter = '192.0.2.1'): StreamMemory {
    const { exportVersion, observationDomain } = this.decoder.header
    const key = `${exporter} ${exportVersion} ${observationDomain}`
    let stream = this.#streams.get(key)
    if (stream === undefined) {
      const exporterBytes = Uint8Array.from(exporter.split('.').map(Number))
      stream = new StreamMemory({ exporter, exporterBytes, exportVersion, observationDomain })
      this.#countChanges(stream)
      this.#streams.set(key, stream)
    }
    return stream
  }

  #countChanges(stream: StreamMemory): void {
    const define = stream.define.bind(stream)
    stream.define = (template) => {
      const change = define(template)
      if (change !== 'refreshed') this.#changedTemplates += 1
      return change
    }
  }
}

/** Decodes one datagram with a decoder of its own. */
export function decodeAlone(datagram: Buffer): Decoded {
  return new DecoderHarness().receive(datagram)
}

/** Decodes one v9 record that has exactly these fields into its flows. */
export function flowsOf(...fields: readonly FieldBytes[]): readonly DecodedFlow[] {
  return decodeAlone(oneRecordMessage(fields)).flows
}

/** The same for a record of one flow. */
export function flowOf(...fields: readonly FieldBytes[]): DecodedFlow {
  return onlyFlow(flowsOf(...fields))
}

/** Decodes one IPFIX record that has exactly these fields into its flows. */
export function ipfixFlowsOf(...values: readonly IpfixValue[]): readonly DecodedFlow[] {
  const { flows, problems } = decodeAlone(ipfixMessage(oneIpfixRecord(values)))
  assert.deepEqual(problems, [])
  return flows
}

/** The same for a record of one flow. */
export function ipfixFlowOf(...values: readonly IpfixValue[]): DecodedFlow {
  return onlyFlow(ipfixFlowsOf(...values))
}

/** Decodes one IPFIX record whose only field has variable length; returns its `extra`. */
export function variableExtraOf(id: number, value: Wire, enterprise?: number): unknown {
  const field: IpfixField = enterprise === undefined ? [id, VARIABLE] : [id, VARIABLE, enterprise]
  const definition = set(2, ipfixTemplate(256, [field]))
  const { flows, problems } = decodeAlone(ipfixMessage(definition, set(256, value)))
  assert.deepEqual(problems, [])
  return JSON.parse(String(flows[0]?.extra))
}

function onlyFlow([flow, ...others]: readonly DecodedFlow[]): DecodedFlow {
  assert.ok(flow !== undefined && others.length === 0, 'one record is one flow')
  return flow
}

function describeRecord(record: FlowRecord): DecodedFlow {
  const flow: DecodedFlow = {}
  for (const name of Object.keys(FIELD) as FieldName[]) {
    if (record.has(FIELD[name])) flow[name] = describeField(record, name)
  }
  return flow
}

function describeField(record: FlowRecord, name: FieldName): number | bigint | string {
  const value = record.values[FIELD[name]] as number
  switch (name) {
    case 'srcAddr':
    case 'dstAddr':
    case 'nextHop':
      return describeAddress(record, FIELD[name])
    case 'srcMac':
    case 'dstMac':
      return value.toString(16).padStart(12, '0').replace(/..\B/g, '$&:')
    case 'bytes':
      return describeCounter(record.bytesHigh, value)
    case 'packets':
      return describeCounter(record.packetsHigh, value)
    case 'extra':
      assertJsonb(record.extra)
      return record.extra
    default:
      assert.ok(Number.isSafeInteger(value), `${name} is ${value}`)
      return value
  }
}

function describeCounter(high: number, low: number): number | bigint {
  const value = (BigInt(high) << 32n) | BigInt(low)
  assert.ok(value < 1n << 63n, 'bigint holds it')
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function describeAddress(record: FlowRecord, field: 0 | 1 | 2): string {
  const bytes = Buffer.alloc(16)
  for (let word = 0; word < 4; word++) {
    bytes.writeUInt32BE(record.addresses[field * 4 + word] as number, word * 4)
  }
  if (record.families[field] === 4) return bytes.subarray(0, 4).join('.')
  assert.equal(record.families[field], 6)
  return systemIpv6Text(bytes)
}

/** Checks that a text is a JSON object that jsonb accepts: no NUL, no half of a surrogate pair. */
export function assertJsonb(text: string): void {
  const value: unknown = JSON.parse(text, (key, member: unknown) => {
    assert.doesNotMatch(key, /\0|\p{Surrogate}/u)
    if (typeof member === 'string') assert.doesNotMatch(member, /\0|\p{Surrogate}/u)
    return member
  })
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), text)
}
