/**
 * Notifies systemd that a process is ready or stops (sd_notify(3)), if `NOTIFY_SOCKET` is set.
 * Node.js has no Unix datagram sockets, so this calls the C library.
 */

import { openLibrary } from './libc.ts'

const AF_UNIX = 1
const SOCK_DGRAM_CLOSE_ON_EXEC = 2 | 0o2000000
const MSG_NOSIGNAL = 0x4000

type Call = (...values: readonly (number | Buffer)[]) => number

/** Returns a `sockaddr_un`. A path that begins with `@` is in the abstract namespace. */
function addressOf(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path)
  return Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name])
}

/**
 * Sends a state to the service manager; does nothing when there is none.
 *
 * @param path the manager's socket, by default from the environment
 * @returns whether it was sent
 */
export function notifyServiceManager(
  state: 'READY=1' | 'STOPPING=1',
  path = process.env['NOTIFY_SOCKET'],
): boolean {
  const opened = path ? openLibrary() : undefined
  if (!path || !opened) return false
  const { library } = opened
  const socket = library.func('int socket(int family, int type, int protocol)') as Call
  const close = library.func('int close(int fd)') as Call
  const sendto = library.func(
    'intptr_t sendto(int fd, void *data, size_t size, int flags, void *address, unsigned int length)',
  ) as Call
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOSE_ON_EXEC, 0)
  if (fd < 0) return false
  const data = Buffer.from(state)
  const address = addressOf(path)
  const sent = sendto(fd, data, data.length, MSG_NOSIGNAL, address, address.length)
  close(fd)
  return sent === data.length
}
