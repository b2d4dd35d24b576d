/**
 * The decoder for other programs, `netflow-to-postgresql/decoder`: datagrams in, plain objects out.
 * It is pure, and no content of a datagram makes it throw.
 */

import { Decoder } from './decode.ts'
import type { DecodeResult, Problem, RejectReason } from './decode-result.ts'
import {
  type ElementDefinition,
  ElementRegistry,
  STANDARD_ELEMENTS,
} from './elements/element-registry.ts'
import { OwnElements } from './elements/own-elements.ts'
import { type Flow, toFlow } from './flow-object.ts'
import type { FlowSink } from './flow-record.ts'
import { MAX_MESSAGE_BYTES, MAX_STREAMS_PER_EXPORTER } from './limits.ts'
import { type Heard, HeardOrder, oldestOf } from './memory/heard-order.ts'
import { createMemoryRooms } from './memory/memory-room.ts'
import { StreamMemory } from './memory/stream-memory.ts'
import { streamKeyText } from './stream-key.ts'

export type { Problem, ProblemCode, RejectReason } from './decode-result.ts'
export type { DataType, ElementDefinition } from './elements/element-registry.ts'
export type { ExtraFields, ExtraValue, Flow } from './flow-object.ts'

/** The source and the receive time of a datagram. */
export interface DatagramOrigin {
  /** The exporter's name, usually its address. Templates are shared within one name only. */
  readonly exporter: string
  /** Unix milliseconds; a fraction is kept to the microsecond. */
  readonly receivedAt: number
  /**
   * UDP source port. By their ports, exporters that share a name get templates of their own as soon
   * as they contradict each other. Without it (or 0) all datagrams of a name share their templates.
   */
  readonly port?: number
}

/** The header of a message. */
export interface Message {
  /** 1, 5, 6, 7, 8, 9 or 10. */
  readonly exportVersion: number
  readonly observationDomain: number
  /** Counts flows (v5 to v8), datagrams (v9) or records (IPFIX); 0 in v1. */
  readonly sequence: number
  /** Unix milliseconds by the exporter's clock. */
  readonly exportTime: number
  /** Milliseconds since the exporter's boot; null in IPFIX. */
  readonly uptimeMs: number | null
}

/** Counts of sets and records in a message. */
export interface MessageCounts {
  /** Flow and options records that were read; a biflow counts once. */
  readonly dataRecords: number
  readonly optionsRecords: number
  readonly templateRecords: number
  /**
   * Data sets that wait for their template; a later message that carries it returns their flows.
   */
  readonly waitingSets: number
  /** Data sets that have waited; their flows are among those of this message. */
  readonly releasedSets: number
  readonly malformedSets: number
  /** Bytes after the end of the message, which are not decoded; zeros do not count. */
  readonly trailingBytes: number
  /** Flows with a time more than 10 min after or 50 days before the receive time. */
  readonly implausibleTimes: number
}

/** The result of one datagram. */
export type DecodedDatagram =
  | {
      readonly kind: 'decoded'
      readonly message: Message
      /** Flows of this datagram, and of waiting sets whose template it carried. */
      readonly flows: readonly Flow[]
      readonly counts: MessageCounts
      /** The first problems, at most eight of `problemCount`; the rest of the message was used. */
      readonly problems: readonly Problem[]
      readonly problemCount: number
    }
  | {
      readonly kind: 'rejected'
      readonly reason: RejectReason | 'too-long'
      readonly flows: readonly []
      readonly problems: readonly Problem[]
      readonly problemCount: number
    }

/** An information element, as the registry describes it. */
export interface ElementDescription {
  /** `enterprise.id` if the element is unknown. */
  readonly name: string
  /** The abstract data type (RFC 7012, RFC 6313); undefined if the element is unknown. */
  readonly type: string | undefined
}

/** Describes an information element; `enterprise` is 0 for every field of NetFlow v9. */
export function describeElement(enterprise: number, id: number): ElementDescription {
  return {
    name: STANDARD_ELEMENTS.nameOf(enterprise, id),
    type: STANDARD_ELEMENTS.find(enterprise, id)?.type,
  }
}

export interface DecoderSessionOptions {
  /**
   * Streams (exporter, version and observation domain) that the session remembers: 10,000 by
   * default, and at most 1,024 of one exporter. Beyond, the longest silent one is forgotten.
   */
  readonly maxStreams?: number
  /**
   * Names and types of elements, mostly of enterprises, that the registry lacks or describes
   * otherwise. `extra` then has their values by name.
   */
  readonly elements?: readonly ElementDefinition[]
}

const DEFAULT_MAX_STREAMS = 10_000
const MAX_UDP_PORT = 65_535
/** The session identifies exporters by name and needs no bytes of an address. */
const NO_ADDRESS = new Uint8Array(0)

/**
 * Decodes datagrams of many exporters. It remembers their templates, options and waiting sets
 * within fixed limits.
 */
export class DecoderSession {
  readonly #decoder: Decoder
  readonly #streams = new Map<string, Map<string, Heard<StreamMemory>>>()
  readonly #order = new HeardOrder<StreamMemory>()
  readonly #maxStreams: number
  #streamCount = 0
  readonly #rooms = createMemoryRooms()
  #expiredSets = 0

  /** @throws RangeError when an element is malformed, or contradicts another one */
  constructor({ maxStreams = DEFAULT_MAX_STREAMS, elements = [] }: DecoderSessionOptions = {}) {
    this.#maxStreams = maxStreams
    this.#decoder = new Decoder(new ElementRegistry(checkElements(elements)))
  }

  /**
   * Sets given up undecoded since the start: no template came within 10 minutes, or the room (64
   * MiB) was full.
   */
  get expiredSets(): number {
    return this.#expiredSets + this.#decoder.expiredSets.length
  }

  /** Sets that wait for their template. */
  get waitingSets(): number {
    return this.#decoder.heldSets.count
  }

  /**
   * Decodes one datagram (a UDP payload). The bytes are copied, and the caller owns the result.
   *
   * @throws RangeError when `receivedAt` is not a time from 1970 to 2255, or `port` is not a UDP
   *   port
   */
  decodeDatagram(datagram: Uint8Array, origin: DatagramOrigin): DecodedDatagram {
    const { exporter, receivedAt, port = 0 } = origin
    if (!(Number.isInteger(port) && port >= 0 && port <= MAX_UDP_PORT)) {
      throw new RangeError(`port must be 0 to ${MAX_UDP_PORT}, not ${port}`)
    }
    const receivedAtMicros = Math.round(receivedAt * 1000)
    if (!(Number.isSafeInteger(receivedAtMicros) && receivedAtMicros >= 0)) {
      throw new RangeError(`receivedAt must be Unix milliseconds, not ${receivedAt}`)
    }
    if (datagram.length > MAX_MESSAGE_BYTES) return reject('too-long')
    const decoder = this.#decoder
    decoder.datagram.bytes.set(datagram)
    this.#expireSets(receivedAtMicros)
    const reason = decoder.readHeader(datagram.length)
    if (reason !== undefined) return reject(reason)
    const stream = this.#findStream(exporter)
    const flows: Flow[] = []
    const sink: FlowSink = (record, message) => flows.push(toFlow(record, message, exporter))
    decoder.decode(stream, receivedAtMicros, sink, port)
    return this.#describe(flows)
  }

  #expireSets(nowMicros: number): void {
    const { expiredSets } = this.#decoder
    this.#decoder.expireHeldSets(nowMicros)
    this.#expiredSets += expiredSets.length
    expiredSets.length = 0
  }

  /** Finds or creates the stream of the header that was read last. */
  #findStream(exporter: string): StreamMemory {
    const { exportVersion, observationDomain } = this.#decoder.header
    const streamKey = { exporter, exporterBytes: NO_ADDRESS, exportVersion, observationDomain }
    const key = streamKeyText(streamKey)
    const own = this.#streams.get(exporter) ?? new Map<string, Heard<StreamMemory>>()
    const known = own.get(key)
    if (known !== undefined) {
      this.#order.touch(known)
      return known.item
    }
    if (own.size >= MAX_STREAMS_PER_EXPORTER) this.#forget(oldestOf(own.values()))
    else if (this.#streamCount >= this.#maxStreams) this.#forget(this.#order.oldest)
    const stream = new StreamMemory(streamKey, this.#rooms)
    this.#streams.set(exporter, own.set(key, this.#order.add(stream)))
    this.#streamCount += 1
    return stream
  }

  #forget(heard: Heard<StreamMemory> | undefined): void {
    if (heard === undefined) return
    const { item: stream } = heard
    this.#order.remove(heard)
    this.#streamCount -= 1
    const own = this.#streams.get(stream.exporter)
    own?.delete(streamKeyText(stream))
    if (own?.size === 0) this.#streams.delete(stream.exporter)
    this.#decoder.forget(stream)
  }

  #describe(flows: readonly Flow[]): DecodedDatagram {
    const { header, result } = this.#decoder
    if (result.isUseless) {
      return reject(result.isDiscarded ? 'malformed-message' : 'no-usable-set', result)
    }
    return {
      kind: 'decoded',
      message: {
        exportVersion: header.exportVersion,
        observationDomain: header.observationDomain,
        sequence: header.sequence,
        exportTime: header.exportMicros / 1000,
        uptimeMs: Number.isNaN(header.uptimeMs) ? null : header.uptimeMs,
      },
      flows,
      counts: countsOf(result),
      problems: [...result.problems],
      problemCount: result.problemCount,
    }
  }
}

function checkElements(elements: readonly ElementDefinition[]): readonly ElementDefinition[] {
  const own = new OwnElements()
  elements.forEach((element, index) => {
    const problem = own.add(element, `elements[${index}]`)
    if (problem !== undefined) throw new RangeError(`elements[${index}]: ${problem}`)
  })
  return own.elements
}

type Rejected = Extract<DecodedDatagram, { kind: 'rejected' }>

function reject(reason: Rejected['reason'], result?: DecodeResult): Rejected {
  const problems = result ? [...result.problems] : []
  return { kind: 'rejected', reason, flows: [], problems, problemCount: result?.problemCount ?? 0 }
}

function countsOf(result: DecodeResult): MessageCounts {
  return {
    dataRecords: result.dataRecords,
    optionsRecords: result.optionsRecords,
    templateRecords: result.templateRecords,
    waitingSets: result.waitingSets,
    releasedSets: result.releasedSets,
    malformedSets: result.malformedSets,
    trailingBytes: result.trailingBytes,
    implausibleTimes: result.implausibleTimes,
  }
}

/** A value that `JSON.stringify` writes without a loss. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/**
 * Copies a value for JSON; each bigint becomes a string of its digits, because a number would be
 * rounded.
 *
 * @param value a flow, a whole result, or any other plain value
 */
export function toJSON(value: unknown): JsonValue {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(toJSON)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJSON(member)]))
  }
  return value === undefined ? null : (value as JsonValue)
}
