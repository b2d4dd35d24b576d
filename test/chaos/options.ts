/** Reads the command line of `npm run chaos`. */

import { parseArgs } from 'node:util'

export const CHAOS_PARTS = ['storm', 'outage', 'replay'] as const
export type ChaosPart = (typeof CHAOS_PARTS)[number]

export interface ChaosOptions {
  readonly parts: readonly ChaosPart[]
  readonly isShort: boolean
  /** Makes the same choices as a run before. */
  readonly seed: number
}

/** The command line is wrong; the message says how it should be. */
export class OptionsError extends Error {
  readonly code = 'CHAOS_OPTIONS'
}

const USAGE = `npm run chaos                  storm, outage and replay, about six minutes
npm run chaos -- --short       the same in a minute
npm run chaos -- --only PARTS  some of them, e.g. storm,replay
npm run chaos -- --seed N      the choices of a run before`

/** @throws OptionsError */
export function readOptions(args: readonly string[]): ChaosOptions {
  const values = parse(args)
  const wanted = values.only?.split(',').map((part) => part.trim()) ?? CHAOS_PARTS
  const parts = CHAOS_PARTS.filter((part) => wanted.includes(part))
  if (parts.length < wanted.length) {
    throw new OptionsError(`--only knows ${CHAOS_PARTS.join(', ')}\n\n${USAGE}`)
  }
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new OptionsError(`--seed takes a whole number\n\n${USAGE}`)
  }
  return { parts, isShort: values.short === true, seed }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        short: { type: 'boolean' },
        only: { type: 'string' },
        seed: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new OptionsError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  }
}
