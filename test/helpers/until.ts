/** Waits for a condition that a test expects to come true. */

import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 20

/**
 * Asks again and again until `check` returns a value that is not undefined or false. The pauses grow
 * from 1 ms to 20 ms, so that fast changes are seen fast.
 *
 * @throws when it does not within `deadlineMs`
 */
export async function until<Value>(
  what: string,
  check: () => Promise<Value | undefined | false> | Value | undefined | false,
  deadlineMs = 30_000,
): Promise<Value> {
  const deadline = performance.now() + deadlineMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await sleep(pauseMs)
  }
}
