/** Ends processes that the benchmark has started, and no others. */

import type { ChildProcess } from 'node:child_process'

/** Asks a child to end and waits until it has; does nothing when it already has. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
