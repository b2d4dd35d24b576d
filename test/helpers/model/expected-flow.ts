/**
 * Computes the row of a record slowly, from its values: the first element of a column's list that the
 * record has fills the column, the rest is `extra`. Shares no table with the decoder.
 */

import { fillTimes } from './expected-times.ts'
import {
  type ColumnName,
  type ExpectedFlow,
  plainNumber,
  type RecordField,
  type RecordMessage,
  RecordModel,
} from './record-model.ts'

/** Elements of numbers, the best first, and how many bits the column holds. */
const NUMBERS: readonly (readonly [ColumnName, bits: number, ids: readonly number[]])[] = [
  ['bytes', 63, [1, 23, 231, 232, 85, 352]],
  ['packets', 63, [2, 24, 298, 299, 86]],
  ['srcPort', 31, [7, 180, 182]],
  ['dstPort', 31, [11, 181, 183]],
  ['protocol', 15, [4]],
  ['tos', 15, [5]],
  ['tcpFlags', 15, [6]],
  ['inputIf', 53, [10, 252]],
  ['outputIf', 53, [14, 253]],
  ['srcAs', 53, [16]],
  ['dstAs', 53, [17]],
  ['srcMask', 15, [9, 29]],
  ['dstMask', 15, [13, 30]],
  ['srcVlan', 31, [58, 243]],
  ['dstVlan', 31, [59, 254]],
  ['direction', 15, [61]],
  ['forwardingStatus', 15, [89]],
  ['flowEndReason', 15, [136]],
  ['event', 15, [233, 230, 40_005, 33_002]],
]

const TEXTS: readonly (readonly [ColumnName, ids: readonly number[]])[] = [
  ['srcMac', [56, 81]],
  ['dstMac', [80, 57]],
  ['srcAddr', [8, 27]],
  ['dstAddr', [12, 28]],
  ['nextHop', [15, 62]],
]

/** Returns the row of a record of one direction. */
export function expectFlow(fields: readonly RecordField[], message: RecordMessage): ExpectedFlow {
  const record = new RecordModel(fields)
  for (const [column, bits, ids] of NUMBERS) record.fill(column, record.find(...ids), bits)
  for (const [column, ids] of TEXTS) fillText(record, column, record.find(...ids))
  if (!record.has(4)) implyProtocol(record)
  choosePort(record, 'srcPort', [7, 180, 182])
  choosePort(record, 'dstPort', [11, 181, 183])
  chooseFamily(record)
  fillTimes(record, message)
  if (!record.find(5)) fillDscp(record)
  fillSamplingRate(record)
  settleIcmp(record)
  return record.finish()
}

function fillText(record: RecordModel, column: ColumnName, field: RecordField | undefined): void {
  if (field === undefined) return
  record.columns[column] = textOf(field)
  record.used.add(field)
}

/** Returns the text of a quoted JSON value. */
function textOf({ value }: RecordField): string {
  return value.json.slice(1, -1)
}

/** softflowd leaves the protocol out of its ICMP templates. */
function implyProtocol(record: RecordModel): void {
  if (record.has(32, 176)) record.columns.protocol = 1
  else if (record.has(139, 178)) record.columns.protocol = 58
}

export function isZero({ value }: RecordField): boolean {
  return value.bytes.every((octet) => octet === 0)
}

/** Of UDP and TCP ports in one template, the one of the record's protocol counts. */
function choosePort(
  record: RecordModel,
  column: 'srcPort' | 'dstPort',
  [any, udp, tcp]: readonly [number, number, number],
): void {
  const [udpPort, tcpPort] = [record.find(udp), record.find(tcp)]
  if (record.find(any) || !udpPort || !tcpPort) return
  const isTcp = record.columns.protocol === 6
  const [chosen, other] = isTcp ? [tcpPort, udpPort] : [udpPort, tcpPort]
  record.columns[column] = Number(chosen.value.uint)
  record.used.add(chosen)
  if (isZero(other)) record.used.add(other)
  else record.used.delete(other)
}

/** Templates with fields of both families: one counts, the other is empty or kept in `extra`. */
function chooseFamily(record: RecordModel): void {
  const pairs = [
    { column: 'srcAddr', v4: record.find(8), v6: record.find(27) },
    { column: 'dstAddr', v4: record.find(12), v6: record.find(28) },
  ] as const
  const isDual = pairs.some(({ v4, v6 }) => v4 && v6)
  const isIpv6 = isDual && meansIpv6(record, pairs)
  for (const { column, v4, v6 } of pairs)
    if (v4 && v6) take(record, column, isIpv6 ? [v6, v4] : [v4, v6])
  const address = record.columns.srcAddr ?? record.columns.dstAddr
  const isRowIpv6 = typeof address === 'string' && address.includes(':')
  const [hop4, hop6] = [record.find(15), record.find(62)]
  if (hop4 && hop6) {
    const isHopIpv6 = isZero(hop4) === isZero(hop6) ? isRowIpv6 : isZero(hop4)
    take(record, 'nextHop', isHopIpv6 ? [hop6, hop4] : [hop4, hop6])
  }
  const only = hop4 && hop6 ? undefined : (hop4 ?? hop6)
  const isOther = address !== undefined && isRowIpv6 === (hop4 !== undefined)
  if (only && isOther && isZero(only)) delete record.columns.nextHop
  chooseMask(record, isRowIpv6, 'srcMask', [9, 29])
  chooseMask(record, isRowIpv6, 'dstMask', [13, 30])
}

/** Fills a column with the first of two addresses; an empty second one is dropped. */
function take(
  record: RecordModel,
  column: ColumnName,
  [chosen, other]: readonly [RecordField, RecordField],
): void {
  record.columns[column] = textOf(chosen)
  record.used.add(chosen)
  if (isZero(other)) record.used.add(other)
  else record.used.delete(other)
}

interface AddressPair {
  readonly v4: RecordField | undefined
  readonly v6: RecordField | undefined
}

function meansIpv6(record: RecordModel, pairs: readonly AddressPair[]): boolean {
  const version = record.find(60)?.value.uint
  if (version === 4n || version === 6n) return version === 6n
  const has4 = pairs.some(({ v4 }) => v4 && !isZero(v4))
  const has6 = pairs.some(({ v4, v6 }) => v4 && v6 && !isZero(v6))
  if (has4 && has6) return record.find(256)?.value.uint === 0x86ddn
  return has6
}

function chooseMask(
  record: RecordModel,
  isIpv6: boolean,
  column: 'srcMask' | 'dstMask',
  [id4, id6]: readonly [number, number],
): void {
  const [mask4, mask6] = [record.find(id4), record.find(id6)]
  if (!mask4 || !mask6) return
  const fits6 = (mask6.value.uint ?? 0n) <= 128n
  if (isIpv6 && fits6) {
    record.columns[column] = plainNumber(mask6.value.uint ?? 0n)
    record.used.add(mask6)
    if (!isZero(mask4)) record.used.delete(mask4)
  } else if (isZero(mask6)) record.used.add(mask6)
}

function fillDscp(record: RecordModel): void {
  const field = record.find(195)
  const uint = field?.value.uint
  if (field === undefined || uint === undefined || uint > 63n) return
  record.columns.tos = Number(uint) * 4
  record.used.add(field)
}

const MAX_RATE = 2n ** 24n

function fillSamplingRate(record: RecordModel): void {
  const field = record.find(34, 50)
  const rate = field?.value.uint
  if (field === undefined || rate === undefined || rate > MAX_RATE) return
  record.used.add(field)
  if (rate > 0n) record.columns.samplingRate = Number(rate)
}

/** Fields of a type and a code: both in one, or one each; ICMP first, ICMPv6 second. */
const ICMP = { typeAndCode: [32, 139], type: [176, 178], code: [177, 179] } as const

/** ICMP has a type and a code instead of ports; other numbers in these fields are kept. */
function settleIcmp(record: RecordModel): void {
  for (const id of Object.values(ICMP).flat()) {
    const field = record.find(id)
    if (field && isZero(field)) record.used.add(field)
  }
  const { protocol } = record.columns
  if (protocol !== 1 && protocol !== 58) return
  const best = ([v4, v6]: readonly [number, number], max: bigint) => {
    const field = protocol === 58 ? record.find(v6, v4) : record.find(v4, v6)
    return field && (field.value.uint ?? 0n) <= max ? field : undefined
  }
  const type = best(ICMP.type, 0xffn)
  const code = best(ICMP.code, 0xffn)
  const typeAndCode = best(ICMP.typeAndCode, 0xffffn)
  const number = (field: RecordField | undefined) => Number(field?.value.uint ?? 0)
  if (type) useAs(record, 'icmpType', type)
  if (code) useAs(record, 'icmpCode', code)
  const said = type || code ? number(type) * 256 + number(code) : undefined
  const used = said ?? (typeAndCode && number(typeAndCode)) ?? portOf(record)
  if (said === undefined && used !== undefined) {
    Object.assign(record.columns, { icmpType: used >> 8, icmpCode: used & 255 })
  }
  if (typeAndCode && number(typeAndCode) === used) record.used.add(typeAndCode)
  keepPorts(record, used)
}

/** Returns the type and code in the destination port, when the source port is 0. */
function portOf({ columns }: RecordModel): number | undefined {
  const { srcPort = 0, dstPort } = columns
  return srcPort === 0 && typeof dstPort === 'number' && dstPort <= 0xffff ? dstPort : undefined
}

function keepPorts(record: RecordModel, typeAndCode: number | undefined): void {
  const { columns, used } = record
  const [srcPort, dstPort] = [record.find(7, 180, 182), record.find(11, 181, 183)]
  if (srcPort && columns.srcPort !== 0) used.delete(srcPort)
  if (dstPort && columns.dstPort !== 0 && columns.dstPort !== typeAndCode) used.delete(dstPort)
  delete columns.srcPort
  delete columns.dstPort
}

function useAs(record: RecordModel, column: 'icmpType' | 'icmpCode', field: RecordField): void {
  record.columns[column] = Number(field.value.uint)
  record.used.add(field)
}
