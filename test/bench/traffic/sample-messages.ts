/** NetFlow v5 and v9 messages for the benchmarks. */

import {
  dataSet,
  encodeV5Message,
  encodeV9Message,
  type Template,
  templateSet,
} from '../../../launcher/demo/messages.ts'

const BOOT_UPTIME_MS = 3_600_000

/** A plain v9 template of a router: 24 fields, which all have columns. */
const V9_FIELDS = [
  [8, 4],
  [12, 4],
  [15, 4],
  [10, 4],
  [14, 4],
  [2, 8],
  [1, 8],
  [22, 4],
  [21, 4],
  [7, 2],
  [11, 2],
  [6, 1],
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
] as const

const V9_TEMPLATE = { id: 300, fields: V9_FIELDS }
/** The same with four more fields, which go to `extra`. */
const V9_EXTRA_TEMPLATE = {
  id: 301,
  fields: [...V9_FIELDS, [18, 4], [25, 2], [26, 2], [95, 4]],
} as const
const EXTRA_VALUES = [0xc000_0201, 40, 1500, 0x0300_0050]
/** One datagram in 100 carries its template again. */
const TEMPLATE_EVERY = 100

export interface SampleStream {
  readonly name: string
  readonly flowsPerDatagram: number
  /** Makes datagram number `index`, whose flows differ from those of all others. */
  readonly datagram: (index: number) => Buffer
  /** Returns the exporter of a datagram. Default: 192.0.2.1 */
  readonly exporter?: (index: number) => string
}

/** v5 with 30 flows per datagram, which is the maximum. */
export const V5_STREAM: SampleStream = {
  name: 'v5, 30 flows',
  flowsPerDatagram: 30,
  datagram: (index) => v5Datagram(index, 30),
}

/** v5 with one flow per datagram, the worst case. */
export const V5_SINGLE_STREAM: SampleStream = {
  name: 'v5, 1 flow',
  flowsPerDatagram: 1,
  datagram: (index) => v5Datagram(index, 1),
}

/** v9 with 24 fields. */
export const V9_STREAM: SampleStream = {
  name: 'v9, 24 fields',
  flowsPerDatagram: 20,
  datagram: (index) => v9Datagram(index, V9_TEMPLATE),
}

/** v9 with 24 fields, and four more that have no columns. */
export const V9_EXTRA_STREAM: SampleStream = {
  name: 'v9, 24 fields + 4 extra',
  flowsPerDatagram: 20,
  datagram: (index) => v9Datagram(index, V9_EXTRA_TEMPLATE, { more: EXTRA_VALUES }),
}

/** v5 of several exporters in turns. */
export function v5StreamOfExporters(exporters: number): SampleStream {
  const flows = V5_STREAM.flowsPerDatagram
  return {
    name: `v5 of ${exporters} exporters`,
    flowsPerDatagram: flows,
    datagram: (index) => v5Datagram(index, flows, Math.floor(index / exporters) * flows),
    exporter: (index) => {
      const number = index % exporters
      return `172.16.${number >> 8}.${number & 255}`
    },
  }
}

/** v9 of one exporter with several templates, one datagram for each in turns. */
export function v9StreamOfTemplates(templates: number): SampleStream {
  return {
    name: `v9 of ${templates} templates`,
    flowsPerDatagram: V9_STREAM.flowsPerDatagram,
    datagram: (index) => {
      const template = { id: V9_TEMPLATE.id + (index % templates), fields: V9_FIELDS }
      const hasTemplate = Math.floor(index / templates) % TEMPLATE_EVERY === 0
      return v9Datagram(index, template, { hasTemplate })
    },
  }
}

function v5Datagram(index: number, count: number, sequence = index * count): Buffer {
  const sysUptimeMs = BOOT_UPTIME_MS + index
  const flows = Array.from({ length: count }, (_, flow) => {
    const serial = index * count + flow
    return {
      srcAddr: `10.${(serial >>> 16) & 255}.${(serial >>> 8) & 255}.${serial & 255}`,
      dstAddr: `198.51.100.${serial % 250}`,
      nextHop: '192.0.2.1',
      inputIf: 3,
      outputIf: 7,
      packets: 1 + (serial % 100),
      bytes: 64 + (serial % 100_000),
      firstUptimeMs: sysUptimeMs - 5_000,
      lastUptimeMs: sysUptimeMs - (serial % 1_000),
      srcPort: 1024 + (serial % 60_000),
      dstPort: 443,
      tcpFlags: 0x1b,
      protocol: 6,
      tos: 0,
      srcAs: 64_500,
      dstAs: 64_501,
      srcMask: 24,
      dstMask: 24,
    }
  })
  const unixSeconds = 1_790_000_000 + Math.floor(index / 1000)
  return encodeV5Message({ sysUptimeMs, unixSeconds, sequence }, flows)
}

function v9Datagram(
  index: number,
  template: Template,
  {
    more = [],
    hasTemplate = index % TEMPLATE_EVERY === 0,
  }: { readonly more?: readonly number[]; readonly hasTemplate?: boolean } = {},
): Buffer {
  const sysUptimeMs = BOOT_UPTIME_MS + index
  const records = Array.from({ length: 20 }, (_, flow) => {
    const serial = index * 20 + flow
    const first = sysUptimeMs - 5_000
    const last = sysUptimeMs - (serial % 1_000)
    const addresses = [
      0x0a00_0000 + (serial & 0xff_ffff),
      0xc633_6400 + (serial % 250),
      0xc000_0201,
    ]
    const ports = [1024 + (serial % 60_000), 443]
    const macs = [Buffer.from('020000000001', 'hex'), Buffer.from('020000000002', 'hex')]
    const rest = [0x1b, 6, 0, 64_500, 64_501, 24, 24, 10, 20, ...macs, 0, 3]
    const counters = [1 + (serial % 100), 64 + (serial % 100_000)]
    return [...addresses, 3, 7, ...counters, first, last, ...ports, ...rest, ...more]
  })
  const data = dataSet(template, records)
  const unixSeconds = 1_790_000_000 + Math.floor(index / 1000)
  const header = { sysUptimeMs, unixSeconds, sequence: index, sourceId: 1 }
  return encodeV9Message(header, hasTemplate ? [templateSet([template]), data] : [data])
}
