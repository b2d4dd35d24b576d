/**
 * The arguments of a process: `--help` and `--version`. Everything else is set in the environment,
 * so any other argument is a mistake.
 */

import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** The facts of a process for `--help`. */
interface Program {
  /** How to run it. */
  readonly command: string
  /** Its purpose, one sentence. */
  readonly summary: string
  /** By their names in the environment; each has a description. */
  readonly settings: z.ZodRawShape
}

interface Reply {
  readonly text: string
  readonly exitCode: 0 | 2
}

/** Returns the answer to `args`; undefined without arguments: then the process begins its work. */
export function replyTo(program: Program, args: readonly string[]): Reply | undefined {
  if (args.length === 0) return undefined
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    return { text: describeProgram(program), exitCode: 0 }
  }
  if (args.includes('--version')) return { text: readVersion(), exitCode: 0 }
  return {
    text: `unknown argument ${args[0]}: settings are environment variables; see ${program.command} --help`,
    exitCode: 2,
  }
}

/** Answers the arguments of this process, then ends it; returns if there are none. */
export function answerArguments(program: Program): void {
  const reply = replyTo(program, process.argv.slice(2))
  if (!reply) return
  const stream = reply.exitCode === 0 ? process.stdout : process.stderr
  stream.write(`${reply.text}\n`)
  process.exit(reply.exitCode)
}

/** Returns the version of this program, from its `package.json`. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function describeProgram({ command, summary, settings }: Program): string {
  const rows = Object.entries(settings).map(([name, schema]) => {
    const { description = '' } = schema as z.ZodType
    return [name, defaultOf(schema as z.ZodType), description] as const
  })
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const valueWidth = Math.max(...rows.map(([, value]) => value.length))
  return [
    summary,
    '',
    `usage: ${command} [--help | --version]`,
    '',
    'Settings are environment variables. Each has a default and a meaning:',
    '',
    ...rows.map(
      ([name, value, meaning]) =>
        `  ${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${meaning}`,
    ),
    '',
    'Exit codes: 0 stopped, 1 an operator has to help (the last line says how), 2 wrong settings.',
  ].join('\n')
}

function defaultOf(schema: z.ZodType): string {
  const { data } = schema.safeParse(undefined)
  return data === undefined ? '' : String(data)
}
