#!/usr/bin/env node
/** The process of `netflow`. */

import '../../shared/navigator.ts'
import { runTerminal } from './run-terminal.ts'

/** The exit code of a process that Ctrl-C has ended. */
const INTERRUPTED = 130

const controller = new AbortController()
process.on('SIGINT', () => {
  // The second one does not wait for the server.
  if (controller.signal.aborted) process.exit(INTERRUPTED)
  controller.abort()
})
// A reader such as head has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const code = await runTerminal(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    folder: process.cwd(),
    nowMs: Date.now(),
    width: process.stdout.isTTY ? process.stdout.columns || 80 : undefined,
    errorWidth: () => (process.stderr.isTTY ? process.stderr.columns || 80 : undefined),
  },
  controller.signal,
)
// Commands that go on until Ctrl-C end by it with code 0.
process.exitCode = controller.signal.aborted && code !== 0 ? INTERRUPTED : code
