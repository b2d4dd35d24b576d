/** Times decoding and row encoding within this process, in turns with another decoder. */

import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { Decoder } from '../../../writer/netflow/decode.ts'
import type { FlowSink } from '../../../writer/netflow/flow-record.ts'
import { StreamMemory } from '../../../writer/netflow/memory/stream-memory.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { ratiosOf } from '../measure/spread.ts'
import { loadPeerDecoder, PEER_VERSIONS, type PeerDecoder } from '../peers/node-netflowv9.ts'
import type { BenchSize } from '../sizes.ts'
import { IPFIX_EXTRA_STREAM, IPFIX_STREAM } from '../traffic/sample-ipfix.ts'
import {
  type SampleStream,
  V5_STREAM,
  V9_EXTRA_STREAM,
  V9_STREAM,
} from '../traffic/sample-messages.ts'
import type { Instrument } from './instrument.ts'

const STREAMS = [V5_STREAM, V9_STREAM, V9_EXTRA_STREAM, IPFIX_STREAM, IPFIX_EXTRA_STREAM]

export const CODEC: Instrument = {
  id: 'codec',
  title: 'Decoding, nanoseconds per flow',
  rowTitle: 'stream',
  isQuick: true,
  measure: async ({ size, progress }) => {
    const peer = loadPeerDecoder()
    return {
      rows: STREAMS.map((stream) => {
        progress(`decoding ${stream.name}`)
        return measureStream(stream, peer, size)
      }),
      note:
        `The other decoder is ${peer.name}, which does not know IPFIX. It makes an object for each ` +
        'flow; ours reuses one record. Encoding makes the row of a binary COPY.',
    }
  },
}

/** Decodes the same datagrams again and again: without and with encoding each flow as a row. */
function measureStream(
  stream: SampleStream,
  peer: PeerDecoder,
  { codecDatagrams, rounds }: BenchSize,
): BenchRow {
  const datagrams = Array.from({ length: codecDatagrams }, (_, index) => stream.datagram(index))
  const isKnownToPeer = PEER_VERSIONS.includes(datagrams[0]?.readUInt16BE(0) ?? 0)
  const batch = new CopyBatch()
  const encode: FlowSink = (record, message) => batch.append(record, message)
  const nanos = { decode: [] as number[], both: [] as number[], peer: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    const decode = timePass(datagrams, () => {})
    const both = timePass(datagrams, encode)
    const other = isKnownToPeer ? timePeerPass(datagrams, stream, peer) : undefined
    batch.reset()
    // The first round warms up.
    if (round === 0) continue
    nanos.decode.push(decode)
    nanos.both.push(both)
    if (other !== undefined) nanos.peer.push(other)
  }
  const figures = {
    'as fast as the other decoder': figure(ratiosOf(nanos.peer, nanos.decode), 1),
    'decode ns': figure(nanos.decode, 0),
    'decode and encode ns': figure(nanos.both, 0),
    'the other decoder ns': figure(nanos.peer, 0),
  }
  return { name: stream.name, figures }
}

/** Returns nanoseconds per flow. */
function timePass(datagrams: readonly Buffer[], sink: FlowSink): number {
  const decoder = new Decoder()
  const streams = new Map<number, StreamMemory>()
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
      stream = new StreamMemory({
        exporter: '192.0.2.1',
        exporterBytes,
        exportVersion,
        observationDomain,
      })
      streams.set(exportVersion, stream)
    }
    decoder.decode(stream, 1_790_000_000_000_000, sink)
    flows += decoder.result.flowRecords
  }
  return Number(process.hrtime.bigint() - started) / flows
}

/** Returns nanoseconds per flow. */
function timePeerPass(
  datagrams: readonly Buffer[],
  { name, flowsPerDatagram }: SampleStream,
  peer: PeerDecoder,
): number {
  peer.reset()
  let flows = 0
  const started = process.hrtime.bigint()
  for (const datagram of datagrams) flows += peer.decode(datagram)
  const elapsed = Number(process.hrtime.bigint() - started)
  if (flows !== datagrams.length * flowsPerDatagram) {
    throw new Error(`${peer.name} finds ${flows} flows in "${name}"`)
  }
  return elapsed / flows
}
