/** Selects all flows of a range with their names, for files rather than for a screen. */

import { compileFilter } from './compile-filter.ts'
import { type RangeQuestion, withinRange } from './range.ts'
import { FLOW_DETAILS } from './relations.ts'
import { Parameters, type Sql } from './sql.ts'

/** Selects them in the order of the table: sorting millions of flows would take long. */
export function allFlowsQuery(question: RangeQuestion): Sql {
  return selectFlows('flow_details.*, extract(epoch from duration) as seconds', question)
}

/** Counts the flows of `allFlowsQuery`. */
export function countFlowsQuery(question: RangeQuestion): Sql {
  return selectFlows('count(*)', question)
}

function selectFlows(columns: string, question: RangeQuestion): Sql {
  const parameters = new Parameters()
  const text =
    `select ${columns} from flow_details where ${withinRange('received_at', question, parameters)} ` +
    `and ${compileFilter(question.filter, FLOW_DETAILS, parameters)}`
  return { text, values: parameters.values }
}
