/**
 * Encodes messages of v5, v9 and IPFIX whose flows carry a serial number each, in `bytes`, quickly
 * enough for thousands a second. It sends nothing and keeps no state.
 */

import { encodeV5Message } from '../../launcher/demo/messages.ts'
import { ipfixMessageOf, ipfixTemplate } from './ipfix-bytes.ts'
import { set, template, v9MessageOf } from './netflow-bytes.ts'

/** What the header of a message says. */
export interface NumberedHeader {
  /** Unix milliseconds. */
  readonly now: number
  readonly uptimeMs: number
  readonly sequence: number
  /** Engine id, source id or observation domain. */
  readonly domain: number
}

/** The flows of a message: `count` serial numbers from `first` on. */
export interface NumberedFlows {
  readonly first: number
  readonly count: number
  /** Whether the template comes with them, where there are templates. */
  readonly withTemplate: boolean
}

const TEMPLATE_ID = 256
const COMMON_FIELDS = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [1, 4],
  [2, 4],
] as const
const V9_TEMPLATE = template(TEMPLATE_ID, [...COMMON_FIELDS, [22, 4], [21, 4]])
const IPFIX_TEMPLATE = ipfixTemplate(TEMPLATE_ID, [...COMMON_FIELDS, [152, 8], [153, 8]])

/**
 * Lays out one record of the templates above.
 *
 *     record = srcAddr:4 dstAddr:4 srcPort:u16 dstPort:u16 protocol:u8 bytes:u32 packets:u32 times
 */
function makeRecord(serial: number, times: Buffer): Buffer {
  const common = Buffer.from('c0000201c63364019c4001bb060000000000000001', 'hex')
  common.writeUInt32BE(serial, 13)
  return Buffer.concat([common, times])
}

function makeRecords({ first, count }: NumberedFlows, times: Buffer): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => makeRecord(first + index, times)),
  )
}

export function encodeNumberedV5(header: NumberedHeader, { first, count }: NumberedFlows): Buffer {
  const { now, uptimeMs, sequence, domain } = header
  return encodeV5Message(
    {
      sysUptimeMs: uptimeMs,
      unixSeconds: Math.floor(now / 1000),
      unixNanos: (now % 1000) * 1_000_000,
      sequence,
      engineId: domain,
    },
    Array.from({ length: count }, (_, index) => ({
      srcAddr: '192.0.2.1',
      dstAddr: '198.51.100.1',
      srcPort: 40_000,
      dstPort: 443,
      protocol: 6,
      packets: 1,
      bytes: first + index,
      firstUptimeMs: uptimeMs - 100,
      lastUptimeMs: uptimeMs,
    })),
  )
}

export function encodeNumberedV9(header: NumberedHeader, flows: NumberedFlows): Buffer {
  const { now, uptimeMs, sequence, domain: sourceId } = header
  const times = Buffer.alloc(8)
  times.writeUInt32BE(uptimeMs - 100, 0)
  times.writeUInt32BE(uptimeMs, 4)
  const data = set(TEMPLATE_ID, makeRecords(flows, times))
  return v9MessageOf(
    { uptimeMs, unixSeconds: Math.floor(now / 1000), sequence, sourceId },
    ...(flows.withTemplate ? [set(0, V9_TEMPLATE), data] : [data]),
  )
}

export function encodeNumberedIpfix(header: NumberedHeader, flows: NumberedFlows): Buffer {
  const { now, sequence, domain } = header
  const times = Buffer.alloc(16)
  times.writeBigUInt64BE(BigInt(now - 100), 0)
  times.writeBigUInt64BE(BigInt(now), 8)
  const data = set(TEMPLATE_ID, makeRecords(flows, times))
  return ipfixMessageOf(
    { exportSeconds: Math.floor(now / 1000), sequence, domain },
    ...(flows.withTemplate ? [set(2, IPFIX_TEMPLATE), data] : [data]),
  )
}
