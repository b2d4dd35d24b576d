/**
 * Times decoding and row encoding inside this process, in turn with another decoder where it knows
 * the version.
 */

import { CopyBatch } from '../../writer/load/copy-batch.ts'
import { Decoder } from '../../writer/netflow/decode.ts'
import { ExportStream } from '../../writer/netflow/export-stream.ts'
import type { FlowSink } from '../../writer/netflow/flow-record.ts'
import { median } from './median.ts'
import { PEER_VERSIONS, type PeerDecoder } from './peer-decoder.ts'
import type { SampleStream } from './sample-messages.ts'

const DATAGRAMS = 1_000
const ROUNDS = 7

/** Nanoseconds per flow, medians. */
export interface CodecFigures {
  readonly name: string
  readonly decodeNs: number
  readonly decodeAndEncodeNs: number
  /** Undefined where the peer does not know the version. */
  readonly peer: PeerFigures | undefined
}

export interface PeerFigures {
  readonly decodeNs: number
  /** The peer's time divided by ours, round by round. */
  readonly ratio: number
}

interface Round {
  readonly decodeNs: number
  readonly bothNs: number
  readonly peerNs: number
}

/** Decodes the same datagrams again and again: without, and with encoding each flow as a row. */
export function benchCodec(stream: SampleStream, peer: PeerDecoder): CodecFigures {
  const datagrams = Array.from({ length: DATAGRAMS }, (_, index) => stream.datagram(index))
  const knowsVersion = PEER_VERSIONS.includes(datagrams[0]?.readUInt16BE(0) ?? 0)
  const batch = new CopyBatch()
  const encode: FlowSink = (record, message) => batch.append(record, message)
  const rounds: Round[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const decodeNs = timePass(datagrams, () => {})
    const bothNs = timePass(datagrams, encode)
    const peerNs = knowsVersion ? timePeerPass(datagrams, stream, peer) : Number.NaN
    batch.reset()
    // The first round warms up.
    if (round > 0) rounds.push({ decodeNs, bothNs, peerNs })
  }
  return {
    name: stream.name,
    decodeNs: median(rounds.map(({ decodeNs }) => decodeNs)),
    decodeAndEncodeNs: median(rounds.map(({ bothNs }) => bothNs)),
    peer: knowsVersion ? peerFigures(rounds) : undefined,
  }
}

function peerFigures(rounds: readonly Round[]): PeerFigures {
  return {
    decodeNs: median(rounds.map(({ peerNs }) => peerNs)),
    ratio: median(rounds.map(({ decodeNs, peerNs }) => peerNs / decodeNs)),
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
