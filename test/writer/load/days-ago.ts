/** Times and partitions of recent days: the server's clock decides what is old. */

export const DAY_MS = 86_400_000

/** Returns noon (UTC) of a day that begins `days` ago. */
export function ago(days: number): number {
  return (Math.floor(Date.now() / DAY_MS) - days) * DAY_MS + DAY_MS / 2
}

/** The same in hours since 1970. */
export function hourAgo(days: number): number {
  return Math.floor(ago(days) / 3_600_000)
}

export function dayOf(days: number): string {
  return new Date(ago(days)).toISOString().slice(0, 10)
}

/** Returns the name of the partition of that day. */
export function nameOf(days: number): string {
  return `flows_${dayOf(days).replaceAll('-', '')}`
}
