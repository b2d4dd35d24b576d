/**
 * Decodes the records of the versions without templates: v1, v5, v6, v7 and v8. It holds nothing
 * back and keeps no state; the header has been read and found to fit the message.
 */

import type { ExportStream } from './export-stream.ts'
import { finishRecord } from './finish-record.ts'
import { FIELD, type MessageContext } from './flow-record.ts'
import type { MessageHeader } from './message-header.ts'
import type { MessageOutcome } from './outcome.ts'
import type { DatagramBytes } from './read-bytes.ts'
import type { RecordSets } from './record-sets.ts'

export interface FixedRecordsOptions {
  readonly header: MessageHeader
  readonly datagram: DatagramBytes
  readonly outcome: MessageOutcome
  /** Gives the records on. */
  readonly records: RecordSets
}

const NO_SAMPLING = {
  rate: undefined,
  samplerId: undefined,
  inputIf: undefined,
  templateId: 0,
} as const

/** Decodes one message at a time: the one whose header was read last. */
export class FixedRecords {
  readonly #options: FixedRecordsOptions

  constructor(options: FixedRecordsOptions) {
    this.#options = options
  }

  decode(stream: ExportStream, message: MessageContext): void {
    const { header, datagram, outcome, records } = this.#options
    const { layout } = header
    if (layout === undefined) return
    const { reader } = records
    const rate = this.#samplingRate(stream)
    outcome.decodedSets = 1
    outcome.dataRecords = header.count
    let at = layout.headerBytes
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

  #samplingRate({ samplers }: ExportStream): number | undefined {
    const headerRate = this.#options.header.samplingRate
    if (samplers.isEmpty) return headerRate > 0 ? headerRate : undefined
    return samplers.rateOf({ ...NO_SAMPLING, headerRate })
  }

  /** Says how flows are put together in a v8 record. */
  #addScheme(): void {
    const { header, records } = this.#options
    records.reader.addExtra('"aggregationScheme":', String(header.aggregationScheme))
    records.reader.addExtra('"aggregationVersion":', String(header.aggregationVersion))
  }
}
