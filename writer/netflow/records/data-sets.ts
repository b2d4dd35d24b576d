/**
 * Decodes the data sets of v9 and IPFIX: on arrival if the template is known, else when it comes.
 */

import type { DecodeResult } from '../decode-result.ts'
import type { MessageContext } from '../flow-record.ts'
import { MAX_RECORDS_PER_MESSAGE } from '../limits.ts'
import { type HeldSet, HeldSets } from '../memory/held-sets.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import { type DatagramBytes, viewDatagramBytes } from '../plan/read-bytes.ts'
import { estimateBoot } from './boot-estimate.ts'
import { type RecordRange, RecordSets } from './record-sets.ts'

const IPFIX = 10

export class DataSets {
  readonly result: DecodeResult
  readonly records: RecordSets
  readonly heldSets = new HeldSets()
  /** Held sets given up undecoded since the caller last emptied this list. */
  readonly expiredSets: HeldSet[] = []

  /** Sequence number of the message whose sets are being decoded. */
  sequence = 0

  constructor(result: DecodeResult, datagram: DatagramBytes) {
    this.result = result
    this.records = new RecordSets(result, datagram)
  }

  /** Sets the reference times of the records; an unknown uptime is NaN. */
  setTimes(exportMicros: number, uptimeMs: number): void {
    const { times } = this.records.reader
    times.exportMicros = exportMicros
    times.uptimeMs = uptimeMs
    times.bootMs = Number.NaN
    times.estimatedUptimeMs = Number.NaN
  }

  /** Decodes a data set, or holds it until its template comes. */
  decode(
    templateId: number,
    content: RecordRange,
    stream: StreamMemory,
    message: MessageContext,
  ): void {
    const template = stream.template(templateId)
    if (template === undefined) {
      if (content.offset === content.end) return
      this.#holdSet(templateId, content, stream, message)
      return
    }
    const isCostly = template.isOptions || template.isPoor
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
  #canAfford(template: Template, { offset, end }: RecordRange, stream: StreamMemory): boolean {
    const records = Math.floor((end - offset) / template.recordLength)
    if (stream.spend('records', Math.min(records, MAX_RECORDS_PER_MESSAGE))) return true
    this.result.refuseData(template.id, `${records} small records of template ${template.id}`)
    if (template.hasVariableLength) this.result.uncountedSets += 1
    else this.result[this.records.source] += records
    return false
  }

  /** Estimates the uptime, which is not in the IPFIX header, if the boot time is unknown. */
  #estimateUptime(template: Template, content: RecordRange, stream: StreamMemory): void {
    const { times } = this.records.reader
    times.estimatedUptimeMs = Number.NaN
    if (!Number.isNaN(times.bootMs) || !template.plan.hasUptimes) return
    const exportMs = times.exportMicros / 1000
    stream.bootEstimateMs = estimateBoot(stream.bootEstimateMs, exportMs, template, content)
    times.estimatedUptimeMs = exportMs - stream.bootEstimateMs
  }

  #holdSet(
    templateId: number,
    { datagram, offset, end }: RecordRange,
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

  /** Decodes the sets that waited for `template`, each with the times of its own message. */
  releaseSets(template: Template, stream: StreamMemory, current: MessageContext): void {
    const { portInForce } = stream.templates
    const released = this.heldSets.release(stream, template.id, portInForce)
    if (released.length === 0) return
    const { exportMicros, uptimeMs } = this.records.reader.times
    for (const { content, message, sequence, ...times } of released) {
      this.result.releasedSets += 1
      if (message === current) this.result.waitingSets -= 1
      else this.result.releasedMessages.push(message)
      this.records.source = message === current ? 'dataRecords' : 'releasedRecords'
      this.setTimes(times.exportMicros, times.uptimeMs)
      if (message.exportVersion === IPFIX) this.records.reader.times.bootMs = stream.systemInitMs
      const { releasedRecords, releasedOptions, malformedSets } = this.result
      const datagram = viewDatagramBytes(content)
      const range = { datagram, offset: 0, end: content.length }
      this.decode(template.id, range, stream, message)
      // A broken set has an unknown number of records.
      if (message === current || this.result.malformedSets > malformedSets) continue
      const dataRecords = this.result.releasedRecords - releasedRecords
      const optionsRecords = this.result.releasedOptions - releasedOptions
      this.result.releases.push({ sequence, dataRecords, optionsRecords })
    }
    this.records.source = 'dataRecords'
    this.setTimes(exportMicros, uptimeMs)
    if (current.exportVersion === IPFIX) this.records.reader.times.bootMs = stream.systemInitMs
  }
}
