/** Ends processes that the benchmark has started. */

import type { ChildProcess } from 'node:child_process'

/** Sends a signal to a child and waits until it has ended; returns at once if it already has. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
