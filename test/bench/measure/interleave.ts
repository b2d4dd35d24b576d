/** Measures variants in turns, so that a slow minute of the machine hits all of them. */

/** Measures one variant once; rounds count from 1, and round 0 only warms up. */
export type Variant<Result> = (round: number) => Promise<Result>

export interface InterleaveOptions {
  readonly rounds: number
  /** Whether a round 0 runs first and is thrown away. */
  readonly warmUp: boolean
  /** Called before each turn with its name and round, as text. */
  readonly onTurn?: (text: string) => void
}

/**
 * Runs every variant once in each round; each round starts with another variant.
 *
 * @returns the results by variant, in the order of the rounds, without the warm-up
 */
export async function interleave<Name extends string, Result>(
  variants: Readonly<Record<Name, Variant<Result>>>,
  { rounds, warmUp, onTurn }: InterleaveOptions,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(variants) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name
      onTurn?.(`${name}, round ${round} of ${rounds}`)
      const result = await variants[name](round)
      if (round > 0) results[name].push(result)
    }
  }
  return results
}
