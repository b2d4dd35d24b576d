/** Questions about translated addresses. */

import { compileFilter, Parameters, type Sql } from './compile-filter.ts'
import type { Filter } from './filter-tree.ts'
import { NAT_EVENTS } from './relations.ts'

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
  readonly filter: Filter
  readonly limit: number
}): Sql {
  const parameters = new Parameters()
  const since = parameters.add(own.since)
  const until = parameters.add(own.until)
  const test = compileFilter(own.filter, NAT_EVENTS, parameters)
  const text = `
    select * from (
      select * from nat_events
      where received_at >= ${since}::timestamptz and received_at < ${until}::timestamptz and ${test}
      order by received_at desc limit nullif(${parameters.add(own.limit)}::bigint, 0)
    ) as newest order by event_at, received_at`
  return { text, values: parameters.values }
}
