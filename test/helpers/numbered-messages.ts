/**
 * Encodes messages of v5, v9 and IPFIX whose flows each carry a serial number in `bytes`, fast enough
 * for thousands of messages a second.
 */

import {
  hex32,
  hex64,
  ipfixMessageOf,
  ipfixTemplate,
  set,
  template,
  v5MessageOf,
  v9MessageOf,
  wire,
} from './netflow-bytes.ts'

export type NumberedVersion = 5 | 9 | 10

/** The header fields of a message. */
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
  /** Whether the message carries the template, in versions that have templates. */
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

/** The record of every flow, and where its serial number is. */
interface Layout {
  readonly record: Buffer
  readonly serialAt: number
}

/**
 *     record = srcAddr:4 dstAddr:4 nextHop:4 input:u16 output:u16 packets:u32 bytes:u32 first:u32
 *              last:u32 srcPort:u16 dstPort:u16 pad:1 flags:u8 protocol:u8 tos:u8 ases:4 masks:2 pad:2
 */
function v5Layout(uptimeMs: number): Layout {
  const times = [hex32(uptimeMs - 100), hex32(uptimeMs)]
  const head = 'c0000201 c6336401 00000000 0000 0000 00000001 00000000'
  return { record: wire(head, ...times, '9c40 01bb 00 00 06 00 00000000 0000 0000'), serialAt: 20 }
}

/**
 *     record = srcAddr:4 dstAddr:4 srcPort:u16 dstPort:u16 protocol:u8 bytes:u32 packets:u32 times
 */
function templateLayout(...times: readonly string[]): Layout {
  return {
    record: wire('c0000201 c6336401 9c40 01bb 06 00000000 00000001', ...times),
    serialAt: 13,
  }
}

function makeRecords({ record, serialAt }: Layout, { first, count }: NumberedFlows): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const copy = Buffer.from(record)
    copy.writeUInt32BE(first + index, serialAt)
    return copy
  })
}

/** Encodes a message of `version`. */
export function encodeNumbered(
  version: NumberedVersion,
  header: NumberedHeader,
  flows: NumberedFlows,
): Buffer {
  const { now, uptimeMs, sequence, domain } = header
  const seconds = Math.floor(now / 1000)
  if (version === 5) {
    const unixNanos = (now % 1000) * 1_000_000
    const records = makeRecords(v5Layout(uptimeMs), flows)
    return v5MessageOf(
      { uptimeMs, unixSeconds: seconds, unixNanos, sequence, engine: domain },
      ...records,
    )
  }
  const isV9 = version === 9
  const layout = isV9
    ? templateLayout(hex32(uptimeMs - 100), hex32(uptimeMs))
    : templateLayout(hex64(now - 100), hex64(now))
  const definition = isV9 ? set(0, V9_TEMPLATE) : set(2, IPFIX_TEMPLATE)
  const data = set(TEMPLATE_ID, ...makeRecords(layout, flows))
  const sets = flows.withTemplate ? [definition, data] : [data]
  return isV9
    ? v9MessageOf({ uptimeMs, unixSeconds: seconds, sequence, sourceId: domain }, ...sets)
    : ipfixMessageOf({ exportSeconds: seconds, sequence, domain }, ...sets)
}

/** By how much a message moves its stream's sequence on: v9 counts messages, the others records. */
export function sequenceStep(version: NumberedVersion, records: number): number {
  return version === 9 ? 1 : records
}
