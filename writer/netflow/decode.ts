/**
 * The decoder's only entrance: bytes of a datagram in, flow records and an outcome out. No socket,
 * clock, logger or database; it never throws, whatever the bytes are, and it keeps state only in the
 * streams that the caller hands in and in the sets it holds.
 */

import { readV5Record, v5RecordOffset } from './decode-v5.ts'
import type { ExportStream } from './export-stream.ts'
import type { FieldSpecifier } from './field-specifier.ts'
import { finishRecord } from './finish-record.ts'
import { FIELD, type FlowSink, type MessageContext } from './flow-record.ts'
import { type HeldSet, HeldSets } from './held-sets.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import { MessageHeader, V9_HEADER_BYTES } from './message-header.ts'
import { MessageOutcome, type RejectReason } from './outcome.ts'
import { planRecord } from './plan.ts'
import { allocateDatagramBytes, viewDatagramBytes } from './read-bytes.ts'
import { type RecordRange, RecordSets } from './record-sets.ts'
import { isSamplingRate } from './samplers.ts'
import type { Template } from './template.ts'
import { readV9OptionsTemplateSet, readV9TemplateSet } from './v9-templates.ts'

/** Fixed records need no plan but for the names of what does not fit its column. */
const FIXED_PLAN = planRecord(
  [7, 11].map((id) => ({ enterprise: 0, id, length: 2 }) satisfies FieldSpecifier),
)

const FIRST_DATA_SET_ID = 256
const V9_TEMPLATE_SET_ID = 0
const V9_OPTIONS_TEMPLATE_SET_ID = 1
const SET_HEADER_BYTES = 4

/** Decodes one datagram at a time. */
export class Decoder {
  /** The caller puts each datagram in here. */
  readonly datagram = allocateDatagramBytes(MAX_MESSAGE_BYTES)
  readonly header = new MessageHeader()
  /** Of the last message decoded. */
  readonly outcome = new MessageOutcome()
  readonly heldSets = new HeldSets()
  /** Held sets given up without having been decoded, since the caller last emptied this list. */
  readonly expiredSets: HeldSet[] = []
  readonly #records = new RecordSets(this.outcome, this.datagram)
  readonly #reader = this.#records.reader

  /**
   * Reads the header of the first `length` bytes of `datagram` into `header`.
   *
   * @returns why the datagram is no message, or undefined when `decode` may be called
   */
  readHeader(length: number): RejectReason | undefined {
    return this.header.read(this.datagram.view, length)
  }

  /**
   * Decodes the message whose header was read last and gives its flow records to `sink`, also those
   * of held sets whose template it brings. `outcome` says what it was.
   *
   * @param stream the stream that `header` names
   */
  decode(stream: ExportStream, receivedAtMicros: number, sink: FlowSink): void {
    const { header, outcome } = this
    outcome.clear()
    this.#records.sink = sink
    const message: MessageContext = {
      receivedAtMicros,
      exporterBytes: stream.exporterBytes,
      observationDomain: stream.observationDomain,
      exportVersion: stream.exportVersion,
    }
    this.#setTimes(header.exportMicros, header.uptimeMs)
    if (header.exportVersion === 5) this.#decodeV5(stream, message)
    else this.#decodeV9(stream, message)
  }

  /** Gives up held sets that have waited too long. */
  expireHeldSets(nowMicros: number): void {
    for (const set of this.heldSets.expire(nowMicros)) this.expiredSets.push(set)
  }

  #setTimes(exportMicros: number, uptimeMs: number): void {
    this.#reader.times.exportMicros = exportMicros
    this.#reader.times.uptimeMs = uptimeMs
  }

  #decodeV5(stream: ExportStream, message: MessageContext): void {
    const { header, outcome } = this
    const { view } = this.datagram
    const reader = this.#reader
    const rate = stream.samplers.isEmpty
      ? header.samplingRate
      : (stream.samplers.rateOf(NO_SAMPLING) ?? header.samplingRate)
    outcome.decodedSets = 1
    outcome.dataRecords = header.count
    for (let index = 0; index < header.count; index++) {
      reader.clear()
      readV5Record(view, v5RecordOffset(index), reader.times, reader.record)
      finishRecord(reader, FIXED_PLAN, view)
      if (isSamplingRate(rate)) reader.record.set(FIELD.samplingRate, rate)
      this.#records.emit(message)
    }
    this.#records.reportOddities(0)
  }

  /**
   *     v9 message = header set…
   *     set        = setId16 length16 content            length includes these four bytes
   *     setId      = 0 template set | 1 options template set | 256… data set of that template
   *
   * The header's count is no bound: exporters count different things.
   */
  #decodeV9(stream: ExportStream, message: MessageContext): void {
    const { outcome } = this
    const { view } = this.datagram
    const end = this.header.length
    let at = V9_HEADER_BYTES
    while (at + SET_HEADER_BYTES <= end) {
      const setId = view.getUint16(at)
      const length = view.getUint16(at + 2)
      // Zeros fill up the datagrams of some exporters.
      if (setId === 0 && length === 0) return
      if (length < SET_HEADER_BYTES) {
        outcome.malformedSets += 1
        outcome.report('set-too-short', setId, `set ${setId} says a length of ${length}`)
        return
      }
      if (at + length > end) {
        outcome.malformedSets += 1
        const room = end - at
        outcome.report('set-overruns-message', setId, `set ${setId}: ${length} bytes, ${room} left`)
      }
      const content = {
        datagram: this.datagram,
        offset: at + SET_HEADER_BYTES,
        end: Math.min(at + length, end),
      }
      this.#decodeV9Set(setId, content, stream, message)
      at += length
    }
  }

  #decodeV9Set(
    setId: number,
    content: RecordRange,
    stream: ExportStream,
    message: MessageContext,
  ): void {
    if (setId >= FIRST_DATA_SET_ID) {
      this.#decodeDataSet(setId, content, stream, message)
      return
    }
    const set = { view: content.datagram.view, offset: content.offset, end: content.end }
    const release = (template: Template) => this.#releaseSets(template, stream, message)
    if (setId === V9_TEMPLATE_SET_ID) {
      stream.lastTemplateMicros = message.receivedAtMicros
      readV9TemplateSet(set, stream, this.outcome, release)
    } else if (setId === V9_OPTIONS_TEMPLATE_SET_ID) {
      stream.lastTemplateMicros = message.receivedAtMicros
      readV9OptionsTemplateSet(set, stream, this.outcome, release)
    } else {
      this.outcome.malformedSets += 1
      this.outcome.report('reserved-set-id', setId, `set ${setId}`)
    }
  }

  #decodeDataSet(
    templateId: number,
    content: RecordRange,
    stream: ExportStream,
    message: MessageContext,
  ): void {
    const template = stream.template(templateId)
    if (template === undefined) {
      if (content.offset === content.end) return
      this.#holdSet(templateId, content, stream, message)
      return
    }
    this.outcome.decodedSets += 1
    if (template.isOptions) this.#records.readOptions(template, content, stream)
    else this.#records.readFlows(template, content, stream, message)
  }

  #holdSet(
    templateId: number,
    { datagram, offset, end }: RecordRange,
    stream: ExportStream,
    message: MessageContext,
  ): void {
    this.outcome.heldSets += 1
    this.outcome.waitingSets += 1
    this.outcome.report('no-template', templateId, `data set ${templateId}, ${end - offset} bytes`)
    const { exportMicros, uptimeMs } = this.#reader.times
    const content = Buffer.from(datagram.bytes.subarray(offset, end))
    const evicted = this.heldSets.hold({
      stream,
      templateId,
      content,
      message,
      exportMicros,
      uptimeMs,
    })
    for (const set of evicted) this.expiredSets.push(set)
  }

  /** Decodes the sets that waited for `template`, each with the times of its own message. */
  #releaseSets(template: Template, stream: ExportStream, current: MessageContext): void {
    const released = this.heldSets.release(stream, template.id)
    if (released.length === 0) return
    const { exportMicros, uptimeMs } = this.#reader.times
    for (const { content, message, ...times } of released) {
      this.outcome.releasedSets += 1
      if (message === current) this.outcome.waitingSets -= 1
      this.#records.source = message === current ? 'dataRecords' : 'releasedRecords'
      this.#setTimes(times.exportMicros, times.uptimeMs)
      const datagram = viewDatagramBytes(content)
      const range = { datagram, offset: 0, end: content.length }
      this.#decodeDataSet(template.id, range, stream, message)
    }
    this.#records.source = 'dataRecords'
    this.#setTimes(exportMicros, uptimeMs)
  }
}

const NO_SAMPLING = {
  rate: undefined,
  samplerId: undefined,
  inputIf: undefined,
  templateId: 0,
} as const
