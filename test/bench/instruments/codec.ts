/**
 * Times decoding and row encoding inside this process, in turn with another decoder where it knows
 * the version.
 */

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
const COLUMNS = {
  ratio: 'as fast as the other decoder',
  decode: 'decode ns',
  encode: 'decode and encode ns',
  peer: 'the other decoder ns',
} as const

export const CODEC_BENCH: Instrument = {
  id: 'codec',
  isQuick: true,
  measure: async ({ size, progress }) => {
    const peer = loadPeerDecoder()
    return {
      id: 'codec',
      title: 'Decoding, nanoseconds a flow',
      rowTitle: 'stream',
      columns: Object.values(COLUMNS),
      rows: STREAMS.map((stream) => {
        progress(`decoding ${stream.name}`)
        return measureStream(stream, peer, size)
      }),
      note:
        `The other decoder is ${peer.name}; it makes an object of each flow, ours fills one record ` +
        'again and again. It knows no IPFIX. To encode is to make the row of a binary COPY.',
    }
  },
}

/** Nanoseconds a flow. */
interface Round {
  readonly decodeNs: number
  readonly bothNs: number
  /** Undefined where the peer does not know the version. */
  readonly peerNs: number | undefined
}

/** Decodes the same datagrams again and again: without, and with encoding each flow as a row. */
function measureStream(
  stream: SampleStream,
  peer: PeerDecoder,
  { codecDatagrams, rounds: wanted }: BenchSize,
): BenchRow {
  const datagrams = Array.from({ length: codecDatagrams }, (_, index) => stream.datagram(index))
  const knowsVersion = PEER_VERSIONS.includes(datagrams[0]?.readUInt16BE(0) ?? 0)
  const batch = new CopyBatch()
  const encode: FlowSink = (record, message) => batch.append(record, message)
  const rounds: Round[] = []
  for (let round = 0; round <= wanted; round++) {
    const decodeNs = timePass(datagrams, () => {})
    const bothNs = timePass(datagrams, encode)
    const peerNs = knowsVersion ? timePeerPass(datagrams, stream, peer) : undefined
    batch.reset()
    // The first round warms up.
    if (round > 0) rounds.push({ decodeNs, bothNs, peerNs })
  }
  const decodeNs = rounds.map((round) => round.decodeNs)
  const peerNs = rounds.map((round) => round.peerNs).filter((ns) => ns !== undefined)
  const figures = {
    [COLUMNS.ratio]: figure(ratiosOf(peerNs, decodeNs), 1),
    [COLUMNS.decode]: figure(decodeNs, 0),
    [COLUMNS.encode]: figure(
      rounds.map((round) => round.bothNs),
      0,
    ),
    [COLUMNS.peer]: figure(peerNs, 0),
  }
  return { name: stream.name, figures }
}

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
