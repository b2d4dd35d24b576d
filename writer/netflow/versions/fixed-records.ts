/**
 * Decodes the records of the versions without templates: v1, v5, v6, v7 and v8. The header has been
 * checked against the length of the message.
 */

import type { DecodeResult } from '../decode-result.ts'
import { FIELD, type MessageContext } from '../flow-record.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import { finishRecord } from '../records/finish-record.ts'
import type { RecordSets } from '../records/record-sets.ts'
import type { MessageHeader } from './message-header.ts'

interface FixedRecordsOptions {
  readonly header: MessageHeader
  readonly datagram: DatagramBytes
  readonly result: DecodeResult
  /** Passes the records to the sink. */
  readonly records: RecordSets
}

const NO_SAMPLING = {
  rate: undefined,
  samplerId: undefined,
  inputIf: undefined,
  templateId: 0,
} as const

/** Decodes the message whose header was read last. */
export class FixedRecords {
  readonly #options: FixedRecordsOptions

  constructor(options: FixedRecordsOptions) {
    this.#options = options
  }

  decode(stream: StreamMemory, message: MessageContext): void {
    const { header, datagram, result, records } = this.#options
    const { layout } = header
    if (layout === undefined) return
    const { reader } = records
    const rate = this.#samplingRate(stream)
    result.decodedSets = 1
    result.dataRecords = header.count
    let at = layout.header.bytes
    for (let index = 0; index < header.count; index++) {
      reader.clear()
      layout.read(reader, datagram, at)
      if (header.exportVersion === 8) this.#addScheme()
      finishRecord(reader, layout.plan, datagram.view)
      if (rate !== undefined) reader.record.set(FIELD.samplingRate, rate)
      records.emit(message)
      at += layout.recordBytes
    }
    records.reportOddities(0)
  }

  #samplingRate({ samplers }: StreamMemory): number | undefined {
    const headerRate = this.#options.header.samplingRate
    if (samplers.isEmpty) return headerRate > 0 ? headerRate : undefined
    return samplers.rateOf({ ...NO_SAMPLING, headerRate })
  }

  /** Adds the aggregation scheme of a v8 record to `extra`. */
  #addScheme(): void {
    const { header, records } = this.#options
    records.reader.addExtra('"aggregationScheme":', String(header.aggregationScheme))
    records.reader.addExtra('"aggregationVersion":', String(header.aggregationVersion))
  }
}
