/**
 * Reads settings from the environment by a schema, and reports all problems at once. Each process
 * declares its own settings in its `config.ts`.
 */

import { isIP } from 'node:net'
import { z } from 'zod'

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

/** The settings of every process. */
export const commonSettings = {
  NAMED_PIPE_FILENAME: text('./data/netflow.pipe'),
  METRICS_HOST: address('127.0.0.1'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
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
      return `${name}=${maskSecrets(name, given[name] ?? '')}: ${issue.message}`
    }),
  )
}

/** Returns the settings as they may be shown: `***` replaces passwords. */
export function printableSettings(settings: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'string' ? maskSecrets(name, value) : value,
    ]),
  )
}

function maskSecrets(name: string, value: string): string {
  if (/PASSWORD|SECRET/.test(name) && value !== '') return '***'
  return value
    .replace(/^([a-z]+:\/\/[^/?#@]*?):[^/?#]*@/i, '$1:***@')
    .replace(/([?&]password=)[^&]*/gi, '$1***')
}
