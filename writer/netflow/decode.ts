/**
 * The only entrance to the decoder: the bytes of a datagram in, flow records and a result out. It
 * is pure and never throws, whatever the bytes are. Its state is in the streams that the caller
 * passes and in the held sets.
 */

import { DecodeResult, type RejectReason } from './decode-result.ts'
import { type ElementRegistry, STANDARD_ELEMENTS } from './elements/element-registry.ts'
import type { FlowSink, MessageContext } from './flow-record.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import type { HeldSet, HeldSets } from './memory/held-sets.ts'
import type { StreamMemory } from './memory/stream-memory.ts'
import { allocateDatagramBytes, type ByteRange } from './plan/read-bytes.ts'
import { DataSets } from './records/data-sets.ts'
import { FixedRecords } from './versions/fixed-records.ts'
import { decodeIpfix } from './versions/ipfix.ts'
import { IPFIX_HEADER_BYTES, MessageHeader, V9_HEADER_BYTES } from './versions/message-header.ts'
import { noteTrailingBytes } from './versions/trailing-bytes.ts'
import { decodeV9 } from './versions/v9.ts'

/** Decodes one datagram at a time. */
export class Decoder {
  /** The caller writes each datagram here. */
  readonly datagram = allocateDatagramBytes(MAX_MESSAGE_BYTES)
  readonly header = new MessageHeader()
  /** The result of the last message. */
  readonly result = new DecodeResult()
  readonly #sets: DataSets
  readonly #fixed: FixedRecords
  #message: MessageContext | undefined

  /** @param elements name the fields that have no column */
  constructor(elements: ElementRegistry = STANDARD_ELEMENTS) {
    const { header, datagram, result } = this
    this.#sets = new DataSets(result, datagram, elements)
    const { records } = this.#sets
    this.#fixed = new FixedRecords({ header, datagram, result, records })
  }

  /** The last decoded message; its held sets refer to the same object. */
  get message(): MessageContext | undefined {
    return this.#message
  }

  get heldSets(): HeldSets {
    return this.#sets.heldSets
  }

  /** Held sets given up undecoded since the caller last emptied this list. */
  get expiredSets(): HeldSet[] {
    return this.#sets.expiredSets
  }

  /**
   * Reads the header of the first `length` bytes of `datagram` into `header`.
   *
   * @returns why the datagram is not a message, or undefined when `decode` may be called
   */
  readHeader(length: number): RejectReason | undefined {
    return this.header.read(this.datagram.view, length)
  }

  /**
   * Decodes the message whose header was read last, and passes its flow records to `sink`. Flows of
   * held sets whose template it carries follow at its end. `result` then describes the message.
   *
   * @param stream the stream that `header` names
   * @param sourcePort of the datagram; distinguishes exporters that share an address
   */
  decode(stream: StreamMemory, receivedAtMicros: number, sink: FlowSink, sourcePort = 0): void {
    const { header, result } = this
    result.clear()
    const splitId = stream.arrive(receivedAtMicros, sourcePort, header.sequence)
    if (splitId !== undefined) {
      result.report('templates-split-by-port', splitId, `template ${splitId}`)
    }
    if (header.samplingRate > 0) {
      stream.samplers.noteHeaderRate(header.samplingRate, header.samplingMode, receivedAtMicros)
    }
    this.#sets.records.sink = sink
    const message = {
      receivedAtMicros,
      exporterBytes: stream.exporterBytes,
      observationDomain: stream.observationDomain,
      exportVersion: stream.exportVersion,
    }
    this.#message = message
    this.#sets.sequence = header.sequence
    this.#sets.setTimes(header.exportMicros, header.uptimeMs)
    switch (header.exportVersion) {
      case 9:
        decodeV9(this.#sets, this.#contentOf(V9_HEADER_BYTES), stream, message)
        this.#notePort(stream)
        break
      case 10:
        decodeIpfix(this.#sets, this.#contentOf(IPFIX_HEADER_BYTES), stream, message)
        this.#notePort(stream)
        break
      default:
        this.#fixed.decode(stream, message)
    }
    this.#sets.endMessage(stream, message)
    const { length, datagramLength } = header
    if (length < datagramLength) {
      noteTrailingBytes(this.datagram.view, length, datagramLength, result)
    }
  }

  /**
   * Notes the counts of the message: ports of one exporter continue each other's sequence numbers.
   */
  #notePort(stream: StreamMemory): void {
    const mixedId = stream.templates.note(this.result)
    if (mixedId === undefined) return
    stream.mixedTemplatesMicros = stream.nowMicros
    this.result.report('contradicting-templates', mixedId, `template ${mixedId}`)
  }

  /** Gives up the held sets that have waited too long at `nowMicros`. */
  expireHeldSets(nowMicros: number): void {
    for (const set of this.heldSets.expire(nowMicros)) this.expiredSets.push(set)
  }

  /** Forgets the memory of a stream, and gives up its held sets. */
  forget(stream: StreamMemory): void {
    for (const set of this.heldSets.removeOf(stream)) this.expiredSets.push(set)
    this.#sets.records.forgetTotals(stream)
    stream.forgetAll()
  }

  /** Restores a held set from its row `id`; the caller restores rows in the order of their ids. */
  restoreHeldSet(id: number, restored: HeldSet): void {
    for (const set of this.heldSets.restore(id, restored)) this.expiredSets.push(set)
  }

  #contentOf(headerBytes: number): ByteRange {
    return { datagram: this.datagram, offset: headerBytes, end: this.header.length }
  }
}
