/** Decodes the fixed records of NetFlow v7: those of v5 and what a Catalyst switch adds. */

import { ipv4Text } from '../plan/extra-json.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import type { RecordReader } from '../records/record-reader.ts'
import { type FixedLayout, PORTS_PLAN } from './fixed-layout.ts'
import { readV5Record } from './v5.ts'

export const V7_LAYOUT: FixedLayout = {
  headerBytes: 24,
  recordBytes: 52,
  plan: PORTS_PLAN,
  read: readV7Record,
}

/**
 *     v7 record = common flags8 tcpFlags8 protocol8 tos8 srcAs16 dstAs16 srcMask8 dstMask8
 *                 flags16 routerSc32                                                      52 bytes
 *
 * The flags say which fields are not valid (a switch that keys its flows by destination knows no
 * source), but not in which bits: they are kept beside the values as sent. routerSc is the router
 * that the switch spared. Flags of 0 (every field is valid) and a router 0.0.0.0 (none) say nothing:
 * left out, they spare most rows their `extra`.
 */
function readV7Record(reader: RecordReader, datagram: DatagramBytes, offset: number): void {
  readV5Record(reader, datagram, offset)
  const { view } = datagram
  const flags = view.getUint8(offset + 36)
  const flags2 = view.getUint16(offset + 46)
  const routerSc = view.getUint32(offset + 48)
  if (flags !== 0) reader.addExtra('"flags":', String(flags))
  if (flags2 !== 0) reader.addExtra('"flags2":', String(flags2))
  if (routerSc !== 0) reader.addExtra('"routerSc":', `"${ipv4Text(routerSc)}"`)
}
