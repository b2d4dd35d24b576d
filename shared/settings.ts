/**
 * Reads settings from the environment by a schema, and reports all problems at once. Each process
 * declares its own settings in its `config.ts`.
 */

import { isIP } from 'node:net'
import { z } from 'zod'
import { parseDatabaseUrl, printableDatabaseUrl } from './database-url.ts'

/** Lists every problem of the settings in one message; `code` is `BAD_SETTINGS`, exit code 2. */
export class SettingsError extends Error {
  readonly code = 'BAD_SETTINGS'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'SettingsError'
    this.problems = problems
  }
}

/** A whole number between `min` and `max`, both included. */
export function integer(defaultValue: number, min: number, max: number) {
  const range = `a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d+$/, `expected ${range}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected ${range}`)
    .default(defaultValue)
}

/** A non-empty text. */
export function text(defaultValue: string) {
  return z.string().default(defaultValue)
}

/** One of `words`. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  defaultValue: Words[number],
) {
  return z
    .string()
    .refine((value): value is Words[number] => words.includes(value), {
      message: `expected ${words.join(' or ')}`,
    })
    .default(defaultValue)
}

/** An IPv4 or IPv6 address as text. */
export function address(defaultValue: string) {
  return z
    .string()
    .refine((value) => isIP(value) !== 0, 'expected an IPv4 or IPv6 address')
    .default(defaultValue)
}

/** A connection string of PostgreSQL; empty means libpq's variables. */
export function databaseUrl() {
  return z
    .string()
    .refine((value) => parseDatabaseUrl(value) !== undefined, {
      // The value is not repeated, because it may contain a password.
      message:
        'expected postgres://user:password@host:port/database; in user and password write / as ' +
        '%2F, # as %23, ? as %3F and @ as %40',
    })
    .default('')
}

/** A list, separated by commas or spaces; each entry passes `check`. */
export function listOf(kind: string, check: (entry: string) => boolean) {
  return z
    .string()
    .transform((value) => value.split(/[\s,]+/).filter((entry) => entry !== ''))
    .superRefine((entries, context) => {
      for (const entry of entries) {
        if (!check(entry)) context.addIssue(`expected ${kind}, not "${entry}"`)
      }
    })
}

/** The path of a file, or no file; `check` returns what is wrong with its content. */
export function checkedFile(check: (path: string) => readonly string[]) {
  return z
    .string()
    .superRefine((path, context) => {
      for (const problem of check(path)) context.addIssue(problem)
    })
    .default('')
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The settings of every process. */
export const commonSettings = {
  NAMED_PIPE_FILENAME: text('./data/netflow.pipe').describe('the pipe; the writer creates it'),
  METRICS_HOST: address('127.0.0.1').describe('listening address of the metrics'),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info').describe(LOG_LEVELS.join(', ')),
}

/**
 * Reads the settings that `shape` names from `environment`; an empty value counts as absent.
 *
 * @throws SettingsError that lists every problem.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<Shape>> {
  const given: Record<string, string> = {}
  for (const name of Object.keys(shape)) {
    const value = environment[name]?.trim()
    if (value) given[name] = value
  }
  const result = z.object(shape).safeParse(given)
  if (result.success) return result.data
  throw new SettingsError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0])
      return `${printableSetting(name, given[name] ?? '')}: ${issue.message}`
    }),
  )
}

/** Returns the settings as they may be shown: without passwords. */
export function printableSettings(settings: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'string' ? withoutSecrets(name, value) : value,
    ]),
  )
}

/** Returns `NAME=value`, or the name alone if the whole value may be a password. */
function printableSetting(name: string, value: string): string {
  const shown = withoutSecrets(name, value)
  return shown === '***' ? name : `${name}=${shown}`
}

function withoutSecrets(name: string, value: string): string {
  if (value === '') return value
  if (/PASSWORD|SECRET|_KEY/.test(name)) return '***'
  return name.endsWith('_URL') ? printableDatabaseUrl(value) : value
}
