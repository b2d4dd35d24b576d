/** Runs what is to be compared in turns, so that a slow minute of the machine meets all of it. */

/** Something measured: each call is one round of it, numbered from 1; 0 is the one to warm up. */
export type Variant<Result> = (round: number) => Promise<Result>

export interface InterleaveOptions<Name extends string, Result> {
  readonly variants: Readonly<Record<Name, Variant<Result>>>
  readonly rounds: number
  /** False: no round before the first one, where only the way of measuring is tried. */
  readonly warmUp: boolean
  /** Told before each turn. */
  readonly onTurn?: (name: Name, round: number) => void
}

/**
 * Runs every variant once to warm up, then once in each round; each round begins with another one.
 *
 * @returns the results by variant, in the order of the rounds, without the warm-up
 */
export async function interleave<Name extends string, Result>({
  variants,
  rounds,
  warmUp,
  onTurn,
}: InterleaveOptions<Name, Result>): Promise<Record<Name, Result[]>> {
  const names = Object.keys(variants) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name
      onTurn?.(name, round)
      const result = await variants[name](round)
      if (round > 0) results[name].push(result)
    }
  }
  return results
}
