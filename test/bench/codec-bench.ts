/** Times decoding and row encoding inside this process. */

import { CopyBatch } from '../../writer/load/copy-batch.ts'
import { Decoder } from '../../writer/netflow/decode.ts'
import { ExportStream } from '../../writer/netflow/export-stream.ts'
import type { FlowSink } from '../../writer/netflow/flow-record.ts'
import { median } from './median.ts'
import type { SampleStream } from './sample-messages.ts'

const DATAGRAMS = 1_000
const ROUNDS = 7

/** Nanoseconds per flow, medians. */
export interface CodecFigures {
  readonly name: string
  readonly decodeNs: number
  readonly decodeAndEncodeNs: number
}

/** Decodes the same datagrams again and again: without, and with encoding each flow as a row. */
export function benchCodec(stream: SampleStream): CodecFigures {
  const datagrams = Array.from({ length: DATAGRAMS }, (_, index) => stream.datagram(index))
  const batch = new CopyBatch()
  const encode: FlowSink = (record, message) => batch.append(record, message)
  const decodeTimes: number[] = []
  const bothTimes: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const decodeNs = timePass(datagrams, () => {})
    const bothNs = timePass(datagrams, encode)
    batch.reset()
    // The first round warms up.
    if (round === 0) continue
    decodeTimes.push(decodeNs)
    bothTimes.push(bothNs)
  }
  return {
    name: stream.name,
    decodeNs: median(decodeTimes),
    decodeAndEncodeNs: median(bothTimes),
  }
}

function timePass(datagrams: readonly Buffer[], sink: FlowSink): number {
  const decoder = new Decoder()
  const streams = new Map<number, ExportStream>()
  let flows = 0
  const started = process.hrtime.bigint()
  for (const datagram of datagrams) {
    datagram.copy(decoder.datagram.bytes)
    const reason = decoder.readHeader(datagram.length)
    if (reason !== undefined) throw new Error(`the benchmark's own datagram is rejected: ${reason}`)
    const { exportVersion, observationDomain } = decoder.header
    let stream = streams.get(exportVersion)
    if (!stream) {
      const exporterBytes = Uint8Array.of(192, 0, 2, 1)
      stream = new ExportStream({
        exporter: '192.0.2.1',
        exporterBytes,
        exportVersion,
        observationDomain,
      })
      streams.set(exportVersion, stream)
    }
    decoder.decode(stream, 1_790_000_000_000_000, sink)
    flows += decoder.outcome.flowRecords
  }
  return Number(process.hrtime.bigint() - started) / flows
}
