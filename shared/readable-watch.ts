/** Watches a descriptor in Node's own loop: Node offers that for sockets only, and reads them itself. */

type Koffi = typeof import('koffi')

/** Watches whether a descriptor can be read; keeps the process alive while it is started. */
export interface ReadableWatch {
  /** Does nothing while it is started. */
  start(): void
  stop(): void
  /** Ends the watch for good; to be called before the descriptor is closed. */
  close(): void
}

/**
 * Creates a stopped watch. An error of the descriptor stops it, after one more call of `onReadable`.
 *
 * @param onReadable called as long as the descriptor can be read. The call does not come from Node:
 *   no promise and no tick runs after it, so it must postpone to the next turn what needs them. The
 *   next turn alone takes a third of the time to wake up for a few bytes.
 */
export function watchReadable(koffi: Koffi, fd: number, onReadable: () => void): ReadableWatch {
  let isStarted = false
  // koffi calls with libuv's status, which is below 0 after an error, and with the events.
  const onEvent = (...[status]: readonly unknown[]) => {
    if (Number(status) < 0) isStarted = false
    try {
      onReadable()
    } catch (error) {
      setImmediate(() => {
        throw error
      })
    }
  }
  const handle = koffi.node.poll(fd, onEvent)
  handle.stop()
  return {
    start: () => {
      if (!isStarted) handle.start(onEvent)
      isStarted = true
    },
    stop: () => {
      if (isStarted) handle.stop()
      isStarted = false
    },
    close: () => {
      handle.close()
      isStarted = false
    },
  }
}
