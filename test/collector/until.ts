/** Waits for conditions, generously: a loaded machine makes a test slow, never wrong. */

import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves once `condition` holds; fails with `what` after 30 seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(5)
  }
}
