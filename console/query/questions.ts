/** The questions about flows: the greatest keys, traffic over time, single flows, conversations. */

import { type Dialect, POSTGRES } from './dialect.ts'
import { type RangeQuestion, withinRange } from './range.ts'
import { planSpread } from './spread.ts'
import { type Ask, Parameters, type Sql } from './sql.ts'
import type { SumsQuestion } from './sums.ts'

interface TopQuestion extends SumsQuestion {
  readonly n: number
}

/**
 * Returns the query for the greatest keys by bytes, and `other` (rank NULL). Run it in the same snapshot:
 * it relies on the rollups that are complete now.
 */
export async function topQuery(
  ask: Ask,
  question: TopQuestion,
  dialect: Dialect = POSTGRES,
): Promise<Sql> {
  const { since, until, by, n, filter, scaled = true } = question
  if (filter.kind === 'all' && scaled && dialect.hasFunctions) {
    return { text: 'select * from top_talkers($1, $2, $3, $4)', values: [since, until, by, n] }
  }
  const parameters = new Parameters()
  const limit = parameters.add(n)
  const sums = await dialect.planSums(ask, question, parameters)
  const text = `
    with sums as materialized (
      select key, sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows,
        max(source) as source
      from (${sums.text}) as parts
      group by key
    ),
    totals as (
      select sum(bytes) as bytes, sum(packets) as packets, coalesce(sum(flows), 0)::bigint as flows,
        ${sums.sourceNames}[1 + max(source)] as source
      from sums
    ),
    keys as materialized (
      select key as id, nullif(key, '') as key, rank, bytes, packets, flows
      from (
        select *, row_number() over (order by bytes desc nulls last, flows desc, key) as rank from sums
      ) as ranked
      where rank <= ${limit}::integer
    ),
    listed as (
      select coalesce(sum(bytes), 0) as bytes, coalesce(sum(packets), 0) as packets,
        coalesce(sum(flows), 0)::bigint as flows
      from keys
    )
    select rank, key, case id when '' then 'not sent' else coalesce((${sums.nameText}), key) end as name,
      keys.bytes, keys.packets, keys.flows, ${dialect.share('keys.bytes', 'totals.bytes')} as share,
      coalesce(keys.bytes, 0) as at_most, true as exact, source
    from keys cross join totals
    union all
    select null, 'other', 'other', totals.bytes - listed.bytes, totals.packets - listed.packets,
      totals.flows - listed.flows,
      ${dialect.share('(totals.bytes - listed.bytes)', 'totals.bytes')},
      totals.bytes - listed.bytes,
      true, source
    from totals cross join listed
    order by rank nulls last`
  return { text, values: parameters.values }
}

interface TrafficQuestion extends TopQuestion {
  readonly step: string
  /** Whether a long flow counts in each bin that it covers; else when it was received. */
  readonly spread?: boolean
}

/** Returns the query for traffic by time and key. Run it in the same snapshot, like `topQuery`. */
export async function trafficQuery(
  ask: Ask,
  question: TrafficQuestion,
  dialect: Dialect = POSTGRES,
): Promise<Sql> {
  const { since, until, by, n, filter, step, scaled = true, spread = false } = question
  if (filter.kind === 'all' && scaled && dialect.hasFunctions) {
    const values = [since, until, step, by, n, spread]
    return { text: 'select * from traffic($1, $2, $3, $4, $5, $6)', values }
  }
  const parameters = new Parameters()
  const limit = parameters.add(n)
  const sums = await (spread ? planSpread : dialect.planSums)(ask, question, parameters)
  const text = `
    with sums as materialized (
      select bin, key, sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows,
        max(source) as source
      from (${sums.text}) as parts
      group by bin, key
    ),
    ranked as materialized (
      select key, rank
      from (
        select key, row_number() over (
          order by sum(bytes) desc nulls last, sum(flows) desc, key) as rank
        from sums group by key
      ) as keys
      where rank <= ${limit}::integer
    ),
    keys as materialized (
      select key as id, nullif(key, '') as key, rank,
        case key when '' then 'not sent' else coalesce((${sums.nameText}), key) end as name
      from ranked as keys
    )
    select bin as bucket, case when rank is null then 'other' else keys.key end as key,
      case when rank is null then 'other' else name end as name, sum(sums.bytes) as bytes,
      sum(sums.packets) as packets, sum(sums.flows)::bigint as flows,
      ${sums.sourceNames}[1 + max(max(sums.source)) over (partition by bin)] as source
    from sums left join keys on keys.id = sums.key
    group by bin, rank, keys.key, name
    order by bin, rank nulls last`
  return { text, values: parameters.values }
}

/** How flows and conversations can be sorted. */
export const ORDERS: readonly string[] = ['time', 'bytes', 'packets', 'duration']

/** Columns that order rows of the same time, so that a repeated question has the same answer. */
const FLOW_TIES = [
  'exporter',
  'flow_start',
  'src_addr',
  'src_port',
  'dst_addr',
  'dst_port',
  'raw_bytes',
]
const CONVERSATION_TIES = ['exporter', 'client', 'client_port', 'server', 'server_port']

/** Returns the columns of an order of `ORDERS`, then the time, then the ties. */
function sortBy(order: string, time: string, ties: readonly string[]): string {
  const first = order === 'time' ? [] : [`${order} desc nulls last`]
  return [...first, time, ...ties].join(', ')
}

/** Limits rows to the newest, the oldest of them first; in another order than time, to the greatest. */
function limitRows(
  all: string,
  question: { readonly order: string; readonly limit: number },
  place: {
    readonly time: string
    readonly ties: readonly string[]
    readonly parameters: Parameters
    readonly dialect: Dialect
  },
): string {
  const { time, parameters, dialect } = place
  const ties = place.ties.map(dialect.sortable)
  const sorted = sortBy(question.order, time, ties)
  if (question.limit === 0) return `${all} order by ${sorted}`
  const limit = parameters.add(question.limit)
  if (question.order !== 'time') return `${all} order by ${sorted} limit ${limit}`
  const newest = [time, ...ties].map((column) => `${column} desc`).join(', ')
  return `select * from (${all} order by ${newest} limit ${limit}) as newest order by ${sorted}`
}

interface FlowsQuestion extends RangeQuestion {
  readonly limit: number
  readonly order: string
}

/** Selects flows with their names: the newest or greatest `limit`; 0: all. */
export function flowsQuery(question: FlowsQuestion, dialect: Dialect = POSTGRES): Sql {
  const parameters = new Parameters()
  const { filter, limit, order } = question
  const where =
    `${withinRange('received_at', question, parameters)} ` +
    `and ${dialect.compile(filter, 'flow_details', parameters)}`
  const newest =
    limit > 0 && order === 'time' ? `and ${newestFlows(question, parameters, dialect)}` : ''
  const columns = `flow_details.*, ${dialect.seconds('duration')} as seconds`
  const all = `select ${columns} from flow_details where ${where} ${newest}`
  const text = limitRows(all, question, {
    ...{ time: 'received_at', ties: FLOW_TIES },
    ...{ parameters, dialect },
  })
  return { text, values: parameters.values }
}

/**
 * Returns the condition that a flow is not older than the newest `limit`. With it, names are looked
 * up only for flows that are shown: 1.4 s instead of 7.5 s over 750,000 flows.
 */
function newestFlows(question: FlowsQuestion, parameters: Parameters, dialect: Dialect): string {
  const skipped = parameters.add(question.limit - 1)
  return `received_at >= coalesce((
    select received_at from flows
    where ${withinRange('received_at', question, parameters)}
      and ${dialect.compile(question.filter, 'flows', parameters)}
    order by received_at desc offset ${skipped} limit 1), '-infinity')`
}

interface ConversationsQuestion extends RangeQuestion {
  readonly limit: number
  readonly order: string
  readonly leastPackets: number
}

/** Selects conversations: the newest or greatest `limit`; 0: all. */
export function conversationsQuery(
  question: ConversationsQuestion,
  dialect: Dialect = POSTGRES,
): Sql {
  const parameters = new Parameters()
  const { since, until, filter, leastPackets } = question
  const from =
    `conversations_between(${parameters.add(since)}::timestamptz, ` +
    `${parameters.add(until)}::timestamptz)`
  const all =
    `select conversation.*, ${dialect.seconds('duration')} as seconds from ${from} as conversation ` +
    `where ${dialect.compile(filter, 'conversations', parameters)} ` +
    `and coalesce(packets, 0) >= ${parameters.add(leastPackets)}::numeric`
  const place = { time: 'started_at', ties: CONVERSATION_TIES, parameters, dialect }
  return { text: limitRows(all, question, place), values: parameters.values }
}
