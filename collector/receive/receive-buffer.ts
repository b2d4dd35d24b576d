/** Sets a socket's receive buffer and reads back the size that the kernel granted. */

import type { Socket } from 'node:dgram'
import type { Logger } from '../../shared/logger.ts'

/** Linux doubles the size for its own bookkeeping, and reports the doubled size. */
const REPORT_FACTOR = process.platform === 'linux' ? 2 : 1

/**
 * Sets the receive buffer of a bound socket and warns when the kernel granted less.
 *
 * @returns the granted bytes, in the unit of `wantedBytes`
 */
export function setReceiveBuffer(socket: Socket, wantedBytes: number, logger: Logger): number {
  let refusal: unknown
  try {
    socket.setRecvBufferSize(wantedBytes)
  } catch (error) {
    // Some systems refuse where Linux caps; then the default stays.
    refusal = error
  }
  const grantedBytes = socket.getRecvBufferSize() / REPORT_FACTOR
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
