/** Watches a descriptor in Node's own loop: Node offers that for sockets only, and reads them itself. */

type Koffi = typeof import('koffi')

/** Watches whether a descriptor can be read; keeps the process alive while it is started. */
export interface ReadableWatch {
  start(): void
  stop(): void
  /** Ends the watch for good; to be called before the descriptor is closed. */
  close(): void
}

/**
 * Creates a stopped watch.
 *
 * @param onReadable called as long as the descriptor can be read. The call does not come from Node:
 *   no promise and no tick runs after it, so it must postpone its work to the next turn.
 */
export function watchReadable(koffi: Koffi, fd: number, onReadable: () => void): ReadableWatch {
  const handle = koffi.node.poll(fd, onReadable)
  handle.stop()
  return {
    start: () => handle.start(onReadable),
    stop: () => handle.stop(),
    close: () => handle.close(),
  }
}
