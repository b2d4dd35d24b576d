/** How often a property is tried: a few seconds in `npm test`, as long as anybody wants elsewhere. */

/**
 * Returns the parameters of a property. `PROPERTY_RUNS` replaces the number of runs; the seed is then
 * another one each time, unless `PROPERTY_SEED` is set. A failure prints both.
 */
export function propertyRuns(usualRuns: number): { numRuns: number; seed?: number } {
  const runs = process.env['PROPERTY_RUNS']
  const seed = process.env['PROPERTY_SEED']
  const numRuns = runs === undefined ? usualRuns : Number(runs)
  if (!Number.isInteger(numRuns) || numRuns < 1) {
    throw new RangeError('PROPERTY_RUNS takes a whole number of runs, 1 or more')
  }
  if (seed !== undefined) return { numRuns, seed: Number(seed) }
  return runs === undefined ? { numRuns, seed: USUAL_SEED } : { numRuns }
}

const USUAL_SEED = 20_260
