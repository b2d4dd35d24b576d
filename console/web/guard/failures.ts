/** Counts wrong passwords and signatures by address, so that nobody can try many. */

const WINDOW_MS = 60_000
const MAX_FAILURES = 10
/** Addresses that are remembered; the oldest are forgotten first. */
const MAX_ADDRESSES = 10_000

interface Count {
  failures: number
  readonly since: number
}

export class Failures {
  readonly #counts = new Map<string, Count>()
  #total = 0

  /** All failures so far. */
  get total(): number {
    return this.#total
  }

  /** Returns how many seconds an address is refused from now on; 0: it is not refused. */
  refusedFor(address: string, nowMs: number): number {
    const count = this.#find(address, nowMs)
    if (!count || count.failures < MAX_FAILURES) return 0
    return Math.max(1, Math.ceil((count.since + WINDOW_MS - nowMs) / 1000))
  }

  add(address: string, nowMs: number): void {
    this.#total += 1
    const key = networkOf(address)
    const count = this.#find(address, nowMs) ?? { failures: 0, since: nowMs }
    count.failures += 1
    this.#counts.set(key, count)
    if (this.#counts.size <= MAX_ADDRESSES) return
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined) this.#counts.delete(oldest)
  }

  #find(address: string, nowMs: number): Count | undefined {
    const key = networkOf(address)
    const count = this.#counts.get(key)
    if (count && nowMs - count.since < WINDOW_MS) return count
    this.#counts.delete(key)
    return undefined
  }
}

/** Returns what is counted as one address: with IPv6, the /64 that belongs to one host. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail = ''] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const missing = address.includes('::') ? 8 - groups.length - after.length : 0
  const all = [...groups, ...new Array<string>(Math.max(missing, 0)).fill('0'), ...after]
  return `${all.slice(0, 4).join(':')}::/64`
}
