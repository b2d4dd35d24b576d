/**
 * Spreads each flow over all bins that it covers, in proportion to the time, under a filter.
 * Without a filter, the function `spread_sums` of the database does the same.
 */

import { compileFilter } from './compile-filter.ts'
import { FLOWS, PREFIX_FLOWS } from './relations.ts'
import type { Ask, Parameters } from './sql.ts'
import { arrayOf, askBin, askKey, SOURCES, type Sums, type SumsQuestion } from './sums.ts'

/** Routers export a flow at most this long after its beginning, unless they are set up otherwise. */
const WAIT = "interval '35 minutes'"

/** After the sources of `sums.ts`: bins to which later exports may still add. */
const OPEN = SOURCES.length

/** Returns the query for the spread sums of a question that has a step. */
export async function planSpread(
  ask: Ask,
  question: SumsQuestion,
  parameters: Parameters,
): Promise<Sums> {
  const { by, filter, scaled = true } = question
  const stepText = question.step ?? '1 hour'
  const key = await askKey(ask, by)
  const { expression } = await askBin(ask, stepText)
  const since = `${parameters.add(question.since)}::timestamptz`
  const until = `${parameters.add(question.until)}::timestamptz`
  const step = `${parameters.add(stepText)}::interval`
  const [first = 'null::text', second = 'null::text'] = key.flow_values
  const rate = scaled ? 'coalesce(sampling_rate, 1)::numeric' : '1'
  const relation = key.relation === 'flows' ? FLOWS : PREFIX_FLOWS
  const firstBin = expression.replace(' at,', ' greatest(began, since),')
  // Differences of rounded sums, so that the shares of all bins add up to the flow exactly.
  const share = (counter: string) => `
        sum(rate * (case when length = 0 then ${counter}
          else div(${counter} * done_after, length) - div(${counter} * done_before, length) end))`
  const text = `
    select bin, coalesce(${key.key_text}, '') as key, bytes, packets, flows,
      case when bin + ${step} > now() - ${WAIT} then ${OPEN} else 0 end as source
    from (
      select bin, ${first} as k1, ${second} as k2, ${share('bytes')} as bytes, ${share('packets')} as packets,
        count(*) filter (where began >= bin and began >= since) as flows
      from (
        select timed.*, bin, since,
          extract(epoch from greatest(bin, since, began) - began) * 1000000 as done_before,
          extract(epoch from least(bin + ${step}, until, ended) - began) * 1000000 as done_after
        from (
          select *, ${rate} as rate, extract(epoch from ended - began) * 1000000 as length
          from (
            select *, least(flow_start, flow_end, case when flow_start is null and flow_end is null
                then received_at end) as began,
              coalesce(greatest(flow_start, flow_end), received_at) as ended
            from ${key.relation}
            where received_at >= ${since} - ${WAIT} and received_at < ${until} + ${WAIT}
              and ${compileFilter(filter, relation, parameters)}
          ) as flow
        ) as timed
        cross join (values (${since}, ${until})) as range (since, until)
        cross join lateral generate_series(
          ${firstBin},
          least(greatest(ended - interval '1 microsecond', began), until - interval '1 microsecond'), ${step}
        ) as bin
        where began < until and (ended > since or began >= since)
      ) as flow ${key.ends}
      group by 1, 2, 3
    ) as shares`
  return { text, nameText: key.name_text, sourceNames: arrayOf([...SOURCES, 'raw, open']) }
}
