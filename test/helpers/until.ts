/** Waits for what a test expects to become true. */

import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again and again until `check` gives a value that is not undefined or false.
 *
 * @throws when it does not within `deadlineMs`
 */
export async function until<Value>(
  what: string,
  check: () => Promise<Value | undefined | false> | Value | undefined | false,
  deadlineMs = 30_000,
): Promise<Value> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await sleep(20)
  }
}
