/** Questions about translated addresses. */

import type { Sql } from './compile-filter.ts'

/** Who was behind a public address at a time. */
export function mappingsQuery(own: {
  readonly address: string
  readonly port: number | null
  readonly at: string
}): Sql {
  return {
    text: 'select * from nat_lookup($1, $2, $3)',
    values: [own.address, own.port, own.at],
  }
}

/** The newest `limit` events, the oldest of them first; 0: all. */
export function translationsQuery(own: {
  readonly since: string
  readonly until: string
  readonly limit: number
}): Sql {
  return {
    text: `
      select * from (
        select * from nat_events where received_at >= $1 and received_at < $2
        order by received_at desc limit nullif($3::bigint, 0)
      ) as newest order by event_at, received_at`,
    values: [own.since, own.until, own.limit],
  }
}
