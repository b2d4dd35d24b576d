/**
 * Finds variables of the environment that look like a misspelt setting: no process would read them.
 */

import type { Logger } from './logger.ts'

/** Longer names may have two wrong characters. */
const LONG_NAME = 8

interface MisspeltSetting {
  readonly given: string
  readonly meant: string
}

/** Warns about each variable that looks like a misspelt setting. */
export function warnOfMisspeltSettings(
  logger: Logger,
  names: readonly string[],
  environment: NodeJS.ProcessEnv,
): void {
  for (const { given, meant } of findMisspeltSettings(names, environment)) {
    logger.warn({ given, meant }, `${given} is no setting and has no effect: is ${meant} meant?`)
  }
}

/**
 * Finds variables that are not settings, but have nearly the name of one. The settings of other
 * processes have names that are far enough from these.
 */
export function findMisspeltSettings(
  names: readonly string[],
  environment: NodeJS.ProcessEnv,
): MisspeltSetting[] {
  const known = new Set(names)
  return Object.keys(environment)
    .filter((given) => !known.has(given))
    .flatMap((given) => {
      const meant = findNearest(given.toUpperCase().replaceAll('-', '_'), names)
      return meant === undefined ? [] : [{ given, meant }]
    })
}

function findNearest(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = given.length >= LONG_NAME ? 3 : 2
  for (const name of names) {
    if (Math.abs(name.length - given.length) >= least) continue
    const changes = countChanges(given, name, least)
    if (changes >= least) continue
    least = changes
    nearest = name
  }
  return nearest
}

/**
 * Counts the characters to insert, remove, replace or swap with their neighbour.
 *
 * @param limit counting stops at this many changes, because it takes milliseconds of each start
 */
function countChanges(from: string, to: string, limit: number): number {
  let leastOfLast = 0
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    let least = row
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const changes = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
      current[column] = changes
      least = Math.min(least, changes)
    }
    if (least >= limit && leastOfLast >= limit) return limit
    leastOfLast = least
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
