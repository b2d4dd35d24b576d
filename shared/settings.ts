/**
 * Reads settings from the environment by a schema, all problems at once. It opens nothing, and it
 * knows no setting by name: each process declares its own in its `config.ts`.
 */

import { isIP } from 'node:net'
import { z } from 'zod'

/** Says every problem of the settings in one message; `code` is `BAD_SETTINGS`, exit code 2. */
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

/** One of a few words. */
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

/** A list, separated by commas or spaces, whose entries pass `check`. */
export function listOf(what: string, check: (entry: string) => boolean) {
  return z
    .string()
    .transform((value) => value.split(/[\s,]+/).filter((entry) => entry !== ''))
    .superRefine((entries, context) => {
      for (const entry of entries) {
        if (!check(entry)) context.addIssue(`expected ${what}, not "${entry}"`)
      }
    })
}

/** The settings that every process has. */
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

/** Gives the settings as they may be shown: passwords are replaced by `***`. */
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
