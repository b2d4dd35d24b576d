/**
 * A writer that is killed again and again stores the same rows as one that is not. Random conversations
 * have templates, options and data on either side of the kills; a model computes the expected rows.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { DecodedFlow } from '../helpers/decoder-harness.ts'
import { Listener } from '../helpers/model/listener.ts'
import {
  type Conversation,
  type EncodedMessage,
  encodeMessages,
  fitDatagrams,
  randomConversations,
} from '../helpers/model/messages.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import type { RawExporter } from '../helpers/raw-exporter.ts'
import { until } from '../helpers/until.ts'

const CONVERSATIONS_PER_VERSION = 60
const KILLS = 5
const SEED = 20_261

/** One stream each, by its observation domain. */
function makeStreams(version: 9 | 10): EncodedMessage[][] {
  const parameters = { numRuns: CONVERSATIONS_PER_VERSION, seed: SEED }
  return fc
    .sample(randomConversations(version), parameters)
    .map((conversation, index) => encodeMessages(atOneTime(conversation), 1000 + index))
    .filter(fitDatagrams)
}

/** The exporter's clock must not jump, or it seems to be restarted. */
function atOneTime({ order, ...conversation }: Conversation): Conversation {
  return { ...conversation, order: { ...order, headers: order.headers.slice(0, 1) } }
}

/** Mixes the streams; each keeps its order. */
function mix(streams: readonly EncodedMessage[][], random: Random): EncodedMessage[] {
  const rest = streams.map((messages) => [...messages])
  const mixed: EncodedMessage[] = []
  for (let open = rest; open.length > 0; open = open.filter(({ length }) => length > 0)) {
    const next = random.pick(open).shift()
    if (next) mixed.push(next)
  }
  return mixed
}

/** A row as text, for sorting and comparing. */
type RowText = string

function expectedRows(streams: readonly EncodedMessage[][]): RowText[] {
  return streams
    .flatMap((messages) => {
      const listener = new Listener()
      return messages.flatMap(({ model }) => (model ? listener.hear(model).flows : []))
    })
    .map(({ columns, extra }) => {
      const members = Object.entries(extra).map(([name, json]) => `${JSON.stringify(name)}:${json}`)
      return describeRow(columns, members.length > 0 ? `{${members.join()}}` : null)
    })
    .sort()
}

function describeRow(columns: DecodedFlow, extra: string | null): RowText {
  const texts = Object.entries(columns).map(([name, value]) => `${name}=${value}`)
  const parsed: unknown = extra === null ? null : JSON.parse(extra)
  return `${texts.sort().join(' ')} ${JSON.stringify(sorted(parsed))}`
}

/** The same value with the members of its objects by name. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}

const ROWS = `
  select host(src_addr) as "srcAddr", host(dst_addr) as "dstAddr", host(next_hop) as "nextHop",
    (extract(epoch from flow_start) * 1000000)::bigint::text as "flowStart",
    (extract(epoch from flow_end) * 1000000)::bigint::text as "flowEnd",
    bytes::text, packets::text, input_if as "inputIf", output_if as "outputIf", src_as as "srcAs",
    dst_as as "dstAs", sampling_rate as "samplingRate", src_port as "srcPort",
    dst_port as "dstPort", src_vlan as "srcVlan", dst_vlan as "dstVlan", src_mac as "srcMac",
    dst_mac as "dstMac", protocol, tcp_flags as "tcpFlags", tos, icmp_type as "icmpType",
    icmp_code as "icmpCode", src_mask as "srcMask", dst_mask as "dstMask", direction,
    forwarding_status as "forwardingStatus", flow_end_reason as "flowEndReason", event,
    extra::text
  from flows`

async function storedRows(running: Pipeline): Promise<RowText[]> {
  const rows = await running.ask(ROWS)
  return rows
    .map(({ extra, ...columns }) => {
      const sent = Object.entries(columns).filter(([, value]) => value !== null)
      const texts = sent.map(([name, value]) => [name, String(value)])
      return describeRow(Object.fromEntries(texts), extra === null ? null : String(extra))
    })
    .sort()
}

/** Sends at a pace that leaves time for the kills. */
async function sendAll(exporter: RawExporter, messages: readonly EncodedMessage[]): Promise<void> {
  for (const { datagram } of messages) {
    await exporter.send(datagram)
    await sleep(4)
  }
}

describe('a writer that is killed at any moment', () => {
  it('stores each flow of random conversations once, decoded by the templates before it', async () => {
    const random = new Random(SEED)
    const streams = [...makeStreams(9), ...makeStreams(10)]
    const messages = mix(streams, random)
    const expected = expectedRows(streams)
    const running = await startPipeline({ environment: QUICK })
    try {
      const sending = sendAll(running.makeExporter(), messages)
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(200 + random.below(500))
        await running.killWriter()
      }
      await sending
      await until('all rows', async () => {
        const [row] = await running.ask('select count(*)::int as rows from flows')
        return Number(row?.['rows']) >= expected.length
      })
      assert.deepEqual(await storedRows(running), expected)
      assert.ok(expected.length > 500, `${expected.length} rows`)
      await running.expectRows(
        `select sum(lost)::int as lost, sum(malformed_sets)::int as malformed,
          bool_and(held_sets = released_sets + expired_sets) as settled
        from exporter_streams`,
        [{ lost: 0, malformed: 0, settled: true }],
      )
    } finally {
      await running.stop()
    }
  })
})
