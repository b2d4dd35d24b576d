/**
 * Gives a connection by a Unix socket room for more rows on their way. With the kernel's default a
 * COPY has used up what is on its way in half a millisecond after the kernel says that there is room,
 * and waits whenever this process decodes for longer. TCP sees to that by itself.
 */

import type { Socket } from 'node:net'
import type pg from 'pg'
import type { Libc } from '../../../shared/libc.ts'

/** The kernel gives less where net.core.wmem_max is less, but then still twice its default. */
const SEND_BUFFER_BYTES = 1_048_576

/** Node offers the descriptor of a socket nowhere else. */
type SocketWithHandle = Socket & { readonly _handle?: { readonly fd?: number } | null }

/** Tells whether the connection has the room now; without it, it is only slower. */
export function widenSendBuffer(client: pg.Client, libc: Libc | undefined): boolean {
  const isUnixSocket = client.host.startsWith('/')
  const fd = (client.connection.stream as SocketWithHandle)._handle?.fd ?? -1
  if (libc === undefined || !isUnixSocket || fd < 0) return false
  return libc.setSendBuffer(fd, SEND_BUFFER_BYTES)
}
