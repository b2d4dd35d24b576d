/** Cuts a range of time into parts. Each lies in one partition, and becomes one file. */

import type { TimeRange } from '../query/range.ts'

/**
 * Returns the part of the range that lies in each partition, the oldest first.
 *
 * @param partitions RFC 3339 times; a missing bound is `-infinity` or `infinity`
 */
export function cutByPartitions(range: TimeRange, partitions: readonly TimeRange[]): TimeRange[] {
  const [from, to] = [Date.parse(range.since), Date.parse(range.until)]
  return partitions
    .map(({ since, until }) => ({
      from: since === '-infinity' ? from : Math.max(from, Date.parse(since)),
      to: until === 'infinity' ? to : Math.min(to, Date.parse(until)),
    }))
    .filter((part) => part.from < part.to)
    .sort((a, b) => a.from - b.from)
    .map((part) => ({
      since: new Date(part.from).toISOString(),
      until: new Date(part.to).toISOString(),
    }))
}

/** Names the file of a part: `flows-20261128T120000Z-20261129T000000Z.csv.gz`. */
export function nameFile({ since, until }: TimeRange, ending: string): string {
  const compact = (time: string) => time.replace(/[-:]|\.000/g, '')
  return `flows-${compact(since)}-${compact(until)}${ending}`
}
