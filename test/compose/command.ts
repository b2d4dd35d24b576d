/** Runs commands and gives what they print; a command that fails says what it printed last. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** How much of a failed command's output is shown. */
const SHOWN_LINES = 30

export interface CommandOptions {
  readonly cwd?: string
  /** Beside the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** A command that could not be started, was ended, or exited with another code than 0. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED'

  constructor(command: string, cause: Error & { stdout?: string; stderr?: string }) {
    const output = `${cause.stdout ?? ''}${cause.stderr ?? ''}`.trim() || cause.message
    super(`${command}\n${output.split('\n').slice(-SHOWN_LINES).join('\n')}`, { cause })
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
  try {
    const { stdout } = await execute(file, args, {
      env: { ...process.env, ...options.environment },
      maxBuffer: 64 * 1024 * 1024,
      timeout: options.timeoutMs ?? 600_000,
      ...(options.cwd ? { cwd: options.cwd } : {}),
    })
    return stdout
  } catch (error) {
    throw new CommandError([file, ...args].join(' '), error as Error)
  }
}
