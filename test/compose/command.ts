/** Runs commands and returns their output; the error of a failed one has its last lines. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Lines of a failed command's output that its error shows. */
const SHOWN_LINES = 30
/** Far more than the longest command needs, the first build of the images. */
const TIMEOUT_MS = 900_000

export interface CommandOptions {
  /** In addition to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>
  /** Kills the command and all its processes. */
  readonly signal?: AbortSignal
}

/** A command that could not be started, was killed, or exited with another code than 0. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED'

  constructor(command: string, output: string) {
    super(`${command}\n${output.trim().split('\n').slice(-SHOWN_LINES).join('\n')}`)
    this.name = 'CommandError'
  }
}

/**
 * Runs a command to its end.
 *
 * @returns what it wrote to standard output
 * @throws CommandError
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const command = [file, ...args].join(' ')
  const deadline = AbortSignal.timeout(TIMEOUT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  if (signal.aborted) throw new CommandError(command, 'not started: the test is interrupted')
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
    // A process group of its own can be killed as a whole.
    detached: true,
  })
  const output = { stdout: '', all: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
    output.all += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.all += text
  })
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', kill)
  try {
    const [code, killedBy] = await once(child, 'close')
    if (code === 0) return output.stdout
    throw new CommandError(command, `${output.all}\n(exit code ${code ?? killedBy})`)
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(command, String(error))
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
