/** How often tests that take seconds try something. */

const SHARE = 4

/** Returns the number of `npm run test:long`, and a quarter of it in other runs. */
export function shortened(runs: number): number {
  return process.env['TEST_LONG'] ? runs : Math.ceil(runs / SHARE)
}
