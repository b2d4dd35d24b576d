/** Writes the kernel's tables of UDP sockets for tests. */

export const UDP_HEADING =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout ' +
  'inode ref pointer drops'

/** Gives a socket's row; `address` is as the kernel writes it, hexadecimal. */
export function makeUdpRow(address: string, inode: number, drops: number): string {
  const remote = '00000000:0000 07 00000000:00000000 00:00000000 00000000'
  return ` 1234: ${address} ${remote}     0        0 ${inode} 2 0000000000000000 ${drops}`
}
