/** IPFIX messages for the benchmarks, with enterprise fields and fields of variable length. */

import {
  type IpfixField,
  ipfixMessageOf,
  ipfixTemplate,
  set,
  VARIABLE,
} from '../../helpers/netflow-bytes.ts'
import type { SampleStream } from './sample-messages.ts'

const FLOWS = 20
const TEMPLATE_ID = 400
const TEMPLATE_EVERY = 100
const EXPORT_SECONDS = 1_790_000_000

/** Elements that a router exports, with absolute times in milliseconds; all have columns. */
const COLUMN_FIELDS: readonly IpfixField[] = [
  [8, 4],
  [12, 4],
  [15, 4],
  [10, 4],
  [14, 4],
  [2, 8],
  [1, 8],
  [152, 8],
  [153, 8],
  [7, 2],
  [11, 2],
  [6, 2],
  [4, 1],
  [5, 1],
  [16, 4],
  [17, 4],
  [9, 1],
  [13, 1],
  [58, 2],
  [59, 2],
  [56, 6],
  [80, 6],
  [61, 1],
  [136, 1],
]
const COLUMN_BYTES = COLUMN_FIELDS.reduce((sum, [, length]) => sum + length, 0)

/** An application name of variable length, and two enterprise fields. */
const EXTRA_FIELDS: readonly IpfixField[] = [
  [96, VARIABLE],
  [1000, 4, 35632],
  [1001, VARIABLE, 35632],
]
const APPLICATIONS = ['http', 'dns', 'quic', 'ssh', 'smtp'].map((name) => Buffer.from(name))

/** IPFIX with 24 fields that all have columns. */
export const IPFIX_STREAM: SampleStream = {
  name: 'IPFIX, 24 fields',
  flowsPerDatagram: FLOWS,
  datagram: (index) => ipfixDatagram(index, COLUMN_FIELDS, () => []),
}

/** The same with three more fields: one of variable length, one of an enterprise, one of both. */
export const IPFIX_EXTRA_STREAM: SampleStream = {
  name: 'IPFIX, 24 fields + 3 extra',
  flowsPerDatagram: FLOWS,
  datagram: (index) => ipfixDatagram(index, [...COLUMN_FIELDS, ...EXTRA_FIELDS], extraValues),
}

function ipfixDatagram(
  index: number,
  fields: readonly IpfixField[],
  extra: (serial: number) => readonly Buffer[],
): Buffer {
  const exportSeconds = EXPORT_SECONDS + Math.floor(index / 1000)
  const records = Array.from({ length: FLOWS }, (_, flow) => {
    const serial = index * FLOWS + flow
    return [columnValues(serial, exportSeconds * 1000), ...extra(serial)]
  })
  const sets = [set(TEMPLATE_ID, ...records.flat())]
  if (index % TEMPLATE_EVERY === 0) sets.unshift(set(2, ipfixTemplate(TEMPLATE_ID, fields)))
  return ipfixMessageOf({ exportSeconds, sequence: index * FLOWS, domain: 1 }, ...sets)
}

function columnValues(serial: number, exportMs: number): Buffer {
  const addresses = [0x0a00_0000 + (serial & 0xff_ffff), 0xc633_6400 + (serial % 250), 0xc000_0201]
  const counters = [1 + (serial % 100), 64 + (serial % 100_000)]
  const times = [exportMs - 5_000, exportMs - (serial % 1_000)]
  const ports = [1024 + (serial % 60_000), 443]
  const macs = [0x0200_0000_0001, 0x0200_0000_0002]
  const rest = [0x1b, 6, 0, 64_500, 64_501, 24, 24, 10, 20, ...macs, 0, 3]
  const values = [...addresses, 3, 7, ...counters, ...times, ...ports, ...rest]
  const bytes = Buffer.alloc(COLUMN_BYTES)
  let at = 0
  for (const [column, [, length]] of COLUMN_FIELDS.entries()) {
    const width = Math.min(length, 6)
    bytes.writeUIntBE(values[column] ?? 0, at + length - width, width)
    at += length
  }
  return bytes
}

function extraValues(serial: number): readonly Buffer[] {
  const application = APPLICATIONS[serial % APPLICATIONS.length] ?? Buffer.alloc(0)
  const latency = Buffer.alloc(4)
  latency.writeUInt32BE(serial % 5_000)
  const host = Buffer.from(`host-${serial % 1_000}.example.net`)
  return [ofVariableLength(application), latency, ofVariableLength(host)]
}

/** Puts the length before a value of less than 255 bytes (RFC 7011 section 7). */
function ofVariableLength(value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(value.length), value])
}
