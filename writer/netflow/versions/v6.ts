/** Decodes the fixed records of NetFlow v6: those of v5 and what encapsulation and FIB add. */

import { ipv4Text } from '../plan/extra-json.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import type { RecordReader } from '../records/record-reader.ts'
import { type FixedLayout, PORTS_PLAN } from './fixed-layout.ts'
import { readV5Record } from './v5.ts'

export const V6_LAYOUT: FixedLayout = {
  headerBytes: 24,
  recordBytes: 52,
  plan: PORTS_PLAN,
  read: readV6Record,
}

/**
 *     v6 record = common pad8 tcpFlags8 protocol8 tos8 srcAs16 dstAs16 srcMask8 dstMask8
 *                 inEncaps8 outEncaps8 peerNextHop32                                      52 bytes
 *
 * inEncaps and outEncaps are the bytes that encapsulation takes.
 */
function readV6Record(reader: RecordReader, datagram: DatagramBytes, offset: number): void {
  readV5Record(reader, datagram, offset)
  const { view } = datagram
  reader.addExtra('"inEncaps":', String(view.getUint8(offset + 46)))
  reader.addExtra('"outEncaps":', String(view.getUint8(offset + 47)))
  reader.addExtra('"peerNextHop":', `"${ipv4Text(view.getUint32(offset + 48))}"`)
}
