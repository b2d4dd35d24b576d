/** Questions about translated addresses. */

import { compileFilter } from './compile-filter.ts'
import { type RangeQuestion, withinRange } from './range.ts'
import { NAT_EVENTS } from './relations.ts'
import { Parameters, type Sql } from './sql.ts'

/** Selects who was behind a public address at a time. */
export function mappingsQuery(question: {
  readonly address: string
  readonly port: number | null
  readonly at: string
}): Sql {
  return {
    text: 'select * from nat_lookup($1, $2, $3)',
    values: [question.address, question.port, question.at],
  }
}

/** Selects the newest `limit` events (0: all), the oldest of them first. */
export function translationsQuery(question: RangeQuestion & { readonly limit: number }): Sql {
  const { filter, limit } = question
  const parameters = new Parameters()
  const text = `
    select * from (
      select * from nat_events
      where ${withinRange('received_at', question, parameters)}
        and ${compileFilter(filter, NAT_EVENTS, parameters)}
      order by received_at desc limit nullif(${parameters.add(limit)}::bigint, 0)
    ) as newest order by event_at, received_at`
  return { text, values: parameters.values }
}
