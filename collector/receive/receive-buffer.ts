/** Sets a socket's receive buffer and reads back the size that the kernel granted. */

import type { Socket } from 'node:dgram'
import type { Logger } from '../../shared/logger.ts'
import { findUdpDescriptor } from './own-sockets.ts'
import type { SocketCalls } from './socket-calls.ts'

/** Linux doubles the size for its own bookkeeping, and reports the doubled size. */
const REPORT_FACTOR = process.platform === 'linux' ? 2 : 1

interface ReceiveBufferOptions {
  readonly wantedBytes: number
  readonly calls: SocketCalls | undefined
  readonly logger: Logger
}

/**
 * Sets the receive buffer of a bound socket, as root beyond the system's limit. Warns when the
 * kernel granted less.
 *
 * @returns the granted bytes, in the unit of `wantedBytes`
 */
export function setReceiveBuffer(socket: Socket, options: ReceiveBufferOptions): number {
  const { wantedBytes, calls, logger } = options
  let refusal: unknown
  try {
    socket.setRecvBufferSize(wantedBytes)
  } catch (error) {
    // Some systems refuse where Linux caps; then the default stays.
    refusal = error
  }
  if (readGranted(socket) < wantedBytes && calls) {
    const fd = findUdpDescriptor(socket.address().port)
    if (fd !== undefined) calls.forceReceiveBuffer(fd, wantedBytes)
  }
  const grantedBytes = readGranted(socket)
  if (grantedBytes < wantedBytes) {
    const limit = process.platform === 'linux' ? 'net.core.rmem_max' : 'kern.ipc.maxsockbuf'
    logger.warn(
      { port: socket.address().port, wantedBytes, grantedBytes, ...(refusal ? { refusal } : {}) },
      `the system caps the receive buffer, so bursts are lost sooner: raise the limit with ` +
        `"sysctl -w ${limit}=${wantedBytes}", or lower UDP_RECEIVE_BUFFER_BYTES`,
    )
  }
  return grantedBytes
}

function readGranted(socket: Socket): number {
  return socket.getRecvBufferSize() / REPORT_FACTOR
}
