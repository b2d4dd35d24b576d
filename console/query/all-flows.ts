/** All flows of a range with their names, for files rather than for a screen. */

import { compileFilter, Parameters, type Sql } from './compile-filter.ts'
import type { RangeQuestion } from './questions.ts'
import { FLOW_DETAILS } from './relations.ts'

/** In the order of the table: sorting millions of flows would take long. */
export function allFlowsQuery(question: RangeQuestion): Sql {
  return selectFlows('flow_details.*, extract(epoch from duration) as seconds', question)
}

/** Counts the flows of `allFlowsQuery`. */
export function countFlowsQuery(question: RangeQuestion): Sql {
  return selectFlows('count(*)', question)
}

function selectFlows(columns: string, { since, until, filter }: RangeQuestion): Sql {
  const parameters = new Parameters()
  const text =
    `select ${columns} from flow_details where received_at >= ${parameters.add(since)}::timestamptz ` +
    `and received_at < ${parameters.add(until)}::timestamptz ` +
    `and ${compileFilter(filter, FLOW_DETAILS, parameters)}`
  return { text, values: parameters.values }
}
