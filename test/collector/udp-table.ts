/** Writes tables of UDP sockets as the kernel does. */

export const UDP_HEADING =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout ' +
  'inode ref pointer drops'

/** Returns the row of a socket; `address` is hexadecimal, as the kernel writes it. */
export function makeUdpRow(address: string, inode: number, drops: number): string {
  const remote = '00000000:0000 07 00000000:00000000 00:00000000 00000000'
  return ` 1234: ${address} ${remote}     0        0 ${inode} 2 0000000000000000 ${drops}`
}
