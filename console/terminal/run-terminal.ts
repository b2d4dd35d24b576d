/** Runs one command line, and turns its end into an exit code. */

import { CommanderError } from 'commander'
import { CANCELLED, FORBIDDEN } from '../database/session.ts'
import { FilterError } from '../query/filter/filter-error.ts'
import { NO_ANSWERS, UsageError } from './errors.ts'
import { safeText } from './output/safe-text.ts'
import { buildProgram } from './program.ts'
import { type Surroundings, Terminal } from './terminal.ts'

/** Exit codes. */
const ANSWERED = 0
const NO_ANSWER = 1
const BAD_USAGE = 2

/** The class of SQLSTATEs of values that the server refuses: the question is wrong. */
const BAD_VALUE = /^22/

/**
 * Runs a command line.
 *
 * @param signal cancels what runs in the server
 * @returns the exit code: 0; 1: there is no answer; 2: the command line is wrong
 */
export async function runTerminal(
  parameters: readonly string[],
  surroundings: Surroundings,
  signal?: AbortSignal,
): Promise<number> {
  const complain = (text: string) => surroundings.stderr.write(text)
  const program = buildProgram(async (options, use) => {
    const terminal = new Terminal({ ...surroundings, ...(signal && { signal }) }, options)
    const cancel = () => void terminal.cancel().catch(() => {})
    signal?.addEventListener('abort', cancel)
    try {
      await use(terminal)
    } finally {
      signal?.removeEventListener('abort', cancel)
      await terminal.close()
    }
  })
  const width = surroundings.width ?? 100
  const output = {
    writeOut: (text: string) => surroundings.stdout.write(text),
    writeErr: complain,
    getOutHelpWidth: () => width,
    getErrHelpWidth: () => width,
  }
  const configure = (command: typeof program): void => {
    command.configureOutput(output).exitOverride()
    command.commands.forEach(configure)
  }
  configure(program)
  try {
    await program.parseAsync([...parameters], { from: 'user' })
    return ANSWERED
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ANSWERED : BAD_USAGE
    return explain(error, complain)
  }
}

function explain(error: unknown, complain: (text: string) => void): number {
  if (error instanceof UsageError || error instanceof FilterError) {
    complain(`netflow: ${error.message}\n`)
    return BAD_USAGE
  }
  const {
    code = '',
    message = String(error),
    hint,
  } = error as Error & { code?: string; hint?: string }
  if (NO_ANSWERS.has(code)) {
    complain(`netflow: ${message}\n`)
    return NO_ANSWER
  }
  // The reader of the output has ended, as head does.
  if (code === 'EPIPE') return ANSWERED
  if (code === CANCELLED) {
    complain('netflow: cancelled\n')
    return NO_ANSWER
  }
  const advice =
    code === FORBIDDEN
      ? ' (reading takes the role netflow_reader, changes take netflow_operator)'
      : ''
  complain(
    `netflow: the database says: ${safeText(message)}${advice}\n${hint ? `${safeText(hint)}\n` : ''}`,
  )
  return BAD_VALUE.test(code) ? BAD_USAGE : NO_ANSWER
}
