/**
 * Decodes the data sets of v9 and IPFIX: on arrival if the template is known, else at the end of
 * the message that carries it.
 */

import type { DecodeResult } from '../decode-result.ts'
import type { ElementRegistry } from '../elements/element-registry.ts'
import type { MessageContext } from '../flow-record.ts'
import { MAX_RECORDS_PER_MESSAGE } from '../limits.ts'
import { type HeldSet, HeldSets } from '../memory/held-sets.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import { type ByteRange, type DatagramBytes, viewDatagramBytes } from '../plan/read-bytes.ts'
import { estimateBoot } from './boot-estimate.ts'
import { RecordSets } from './record-sets.ts'

const IPFIX = 10

/** A held set, and the template that it waited for. */
interface ReleasedSet {
  readonly set: HeldSet
  readonly template: Template
}

/** A set of the current message that is decoded at its end. */
interface PostponedSet {
  readonly content: ByteRange
  readonly template: Template
}

export class DataSets {
  readonly result: DecodeResult
  readonly records: RecordSets
  readonly heldSets = new HeldSets()
  /** Held sets given up undecoded since the caller last emptied this list. */
  readonly expiredSets: HeldSet[] = []
  readonly #elements: ElementRegistry

  /** Sequence number of the message whose sets are being decoded. */
  sequence = 0

  /**
   * Held sets of flows whose template has come with the current message. The rest of the message
   * may announce the boot time or the sampling rate, so these sets are decoded at its end.
   */
  readonly #released: ReleasedSet[] = []
  /** Sets of flows that follow in the current message: they are decoded after the released ones. */
  readonly #postponed: PostponedSet[] = []

  constructor(result: DecodeResult, datagram: DatagramBytes, elements: ElementRegistry) {
    this.result = result
    this.#elements = elements
    this.records = new RecordSets(result, datagram, elements)
  }

  /** Sets the reference times of the records; an unknown uptime is NaN. */
  setTimes(exportMicros: number, uptimeMs: number): void {
    const { times } = this.records.reader
    times.exportMicros = exportMicros
    times.uptimeMs = uptimeMs
    times.bootMs = Number.NaN
    times.estimatedUptimeMs = Number.NaN
  }

  /** Decodes a data set now or at the end of the message, or holds it until its template comes. */
  decode(
    templateId: number,
    content: ByteRange,
    stream: StreamMemory,
    message: MessageContext,
  ): void {
    const template = stream.template(templateId)
    if (template === undefined) {
      if (content.offset === content.end) return
      this.#holdSet(templateId, content, stream, message)
      return
    }
    const isLater = this.#released.length > 0 && !template.isOptions
    if (isLater) this.#postponed.push({ content, template })
    else this.#decode(template, content, stream, message)
  }

  #decode(
    template: Template,
    content: ByteRange,
    stream: StreamMemory,
    message: MessageContext,
  ): void {
    const isCostly = template.isOptions || template.isPoor(this.#elements)
    if (isCostly && !this.#canAfford(template, content, stream)) return
    this.result.decodedSets += 1
    if (template.isOptions) {
      this.records.readOptions(template, content, stream)
      if (message.exportVersion === IPFIX) this.records.reader.times.bootMs = stream.systemInitMs
    } else {
      if (message.exportVersion === IPFIX) this.#estimateUptime(template, content, stream)
      this.records.readFlows(template, content, stream, message)
    }
  }

  /** Whether the exporter may send the records of a set now; if not, they are only counted. */
  #canAfford(template: Template, { offset, end }: ByteRange, stream: StreamMemory): boolean {
    const records = Math.floor((end - offset) / template.recordLength)
    if (stream.spend('records', Math.min(records, MAX_RECORDS_PER_MESSAGE))) return true
    this.result.refuseData(template.id, `${records} small records of template ${template.id}`)
    if (template.hasVariableLength) this.result.uncountedSets += 1
    else this.result[this.records.source] += records
    return false
  }

  /** Estimates the uptime, which is not in the IPFIX header, if the boot time is unknown. */
  #estimateUptime(template: Template, content: ByteRange, stream: StreamMemory): void {
    const { times } = this.records.reader
    times.estimatedUptimeMs = Number.NaN
    if (!Number.isNaN(times.bootMs)) return
    if (!template.plans(this.#elements).forward.hasUptimes) return
    const exportMs = times.exportMicros / 1000
    stream.bootEstimateMs = estimateBoot(stream.bootEstimateMs, exportMs, template, content)
    times.estimatedUptimeMs = exportMs - stream.bootEstimateMs
  }

  #holdSet(
    templateId: number,
    { datagram, offset, end }: ByteRange,
    stream: StreamMemory,
    message: MessageContext,
  ): void {
    if (!stream.spend('heldSets')) {
      this.result.uncountedSets += 1
      this.result.refuseData(templateId, `data set ${templateId} without a template`)
      return
    }
    this.result.heldSets += 1
    this.result.waitingSets += 1
    this.result.report('no-template', templateId, `data set ${templateId}, ${end - offset} bytes`)
    const { exportMicros, uptimeMs } = this.records.reader.times
    // In the pool of Buffer.from a small set could keep 8 KiB alive, far more than is counted.
    const content = Buffer.allocUnsafeSlow(end - offset)
    datagram.bytes.copy(content, 0, offset, end)
    const evicted = this.heldSets.hold({
      stream,
      templateId,
      content,
      message,
      sequence: this.sequence,
      exportMicros,
      uptimeMs,
      sourcePort: stream.sourcePort,
    })
    for (const set of evicted) this.expiredSets.push(set)
  }

  /**
   * Releases the sets that waited for `template`. Options data is decoded at once, flows at the end
   * of the message.
   */
  releaseSets(template: Template, stream: StreamMemory, current: MessageContext): void {
    const { templates } = stream
    const isFor = (port: number) => templates.find(template.id, port)?.template === template
    for (const set of this.heldSets.release(stream, template.id, isFor)) {
      if (template.isOptions) this.#decodeReleased({ set, template }, stream, current)
      else this.#released.push({ set, template })
    }
  }

  /**
   * Decodes the flows that wait for the end of the message, in the order of arrival: running totals
   * need it.
   */
  endMessage(stream: StreamMemory, message: MessageContext): void {
    if (this.#released.length === 0) return
    for (const released of this.#released) this.#decodeReleased(released, stream, message)
    for (const { template, content } of this.#postponed) {
      this.#decode(template, content, stream, message)
    }
    this.#released.length = 0
    this.#postponed.length = 0
  }

  /** Decodes a held set with the times of its own message. */
  #decodeReleased(
    { set, template }: ReleasedSet,
    stream: StreamMemory,
    current: MessageContext,
  ): void {
    const { exportMicros, uptimeMs } = this.records.reader.times
    const { content, message, sequence } = set
    const isCurrent = message === current
    this.result.releasedSets += 1
    if (isCurrent) this.result.waitingSets -= 1
    else this.result.releasedMessages.push(message)
    this.records.source = isCurrent ? 'dataRecords' : 'releasedRecords'
    this.#beginMessage(set.exportMicros, set.uptimeMs, stream)
    const { releasedRecords, releasedOptions, malformedSets } = this.result
    const datagram = viewDatagramBytes(content)
    this.#decode(template, { datagram, offset: 0, end: content.length }, stream, message)
    // A broken set has an unknown number of records.
    if (!isCurrent && this.result.malformedSets === malformedSets) {
      const dataRecords = this.result.releasedRecords - releasedRecords
      const optionsRecords = this.result.releasedOptions - releasedOptions
      this.result.releases.push({ sequence, dataRecords, optionsRecords })
    }
    this.records.source = 'dataRecords'
    this.#beginMessage(exportMicros, uptimeMs, stream)
  }

  /** Sets the reference times of a message of `stream`. */
  #beginMessage(exportMicros: number, uptimeMs: number, stream: StreamMemory): void {
    this.setTimes(exportMicros, uptimeMs)
    if (stream.exportVersion === IPFIX) this.records.reader.times.bootMs = stream.systemInitMs
  }
}
