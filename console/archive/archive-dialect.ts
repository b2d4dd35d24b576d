/** Asks an archive in the SQL of DuckDB, with the views and macros of `archive-views.ts`. */

import { compileFilter } from '../query/compile-filter.ts'
import type { Dialect, RelationName } from '../query/dialect.ts'
import { withinRange } from '../query/range.ts'
import { CONVERSATIONS, FLOW_DETAILS, FLOWS, type Relation } from '../query/relations.ts'
import type { Parameters } from '../query/sql.ts'
import type { SumsQuestion } from '../query/sums.ts'
import { ARCHIVE_FILTER } from './archive-filter.ts'
import { type ArchiveKey, archiveKey, archiveStep } from './archive-keys.ts'

const address = (name: string) =>
  `json_address(extra, '/${name}IPv4Address', '/${name}IPv6Address')`
const port = (name: string) => `json_port(extra, '/${name}TransportPort')`

/** Fields whose SQL differs in an archive. Durations are microseconds there. */
const FLOWS_AS_ARCHIVED: Relation = {
  duration: 'milliseconds(micros_between(flow_start, flow_end))',
  ttl: `coalesce(${['ipTTL', 'maximumTTL', 'minimumTTL'].map((name) => `json_number(extra, '/${name}')`).join(', ')})`,
  nat_src_addr: address('postNATSource'),
  nat_dst_addr: address('postNATDestination'),
  nat_src_port: port('postNAPTSource'),
  nat_dst_port: port('postNAPTDestination'),
}

const RELATIONS: Readonly<Record<RelationName, Relation>> = {
  flows: { ...FLOWS, ...FLOWS_AS_ARCHIVED },
  flow_details: { ...FLOW_DETAILS, ...FLOWS_AS_ARCHIVED },
  conversations: { ...CONVERSATIONS, duration: 'milliseconds(duration)' },
}

const ADDRESSES = ['exporter', 'src_addr', 'dst_addr', 'client', 'server']

export const ARCHIVE: Dialect = {
  hasFunctions: false,
  compile: (filter, relation, parameters) =>
    compileFilter(filter, RELATIONS[relation], parameters, ARCHIVE_FILTER),
  sortable: (column) => (ADDRESSES.includes(column) ? `addr_key(${column})` : column),
  seconds: (duration) => `seconds(${duration})`,
  scaled: (column) => `${column}::hugeint * coalesce(sampling_rate, 1)`,
  between: (start, end) => `micros_between(${start}, ${end})`,
  mean: (time) => `mean_seconds(sum(${time}), count(${time}))`,
  bin({ dividend, divisor = '1', edges }, parameters) {
    const list = `string_split(${parameters.add(edges.join(' '))}::varchar, ' ')::bigint[]`
    return `smaller_edges(${list}, ${dividend}, nullif(${divisor}, 0))`
  },
  share: (part, whole) => `six_digits(${part}, ${whole})`,
  planSums: (_ask, question, parameters) => Promise.resolve(planArchiveSums(question, parameters)),
}

function planArchiveSums(question: SumsQuestion, parameters: Parameters) {
  const { by, filter, step, scaled = true } = question
  const key = archiveKey(by)
  const bin = step === undefined ? 'null::timestamptz' : archiveStep(step)
  const where =
    `${withinRange('received_at', question, parameters)} ` +
    `and ${ARCHIVE.compile(filter, 'flows', parameters)}`
  const counter = (column: string) => (scaled ? ARCHIVE.scaled(column) : `${column}::hugeint`)
  const text = `
    select ${bin} as bin, coalesce(${key.text}, '') as key, sum(${counter('bytes')}) as bytes,
      sum(${counter('packets')}) as packets, count(*) as flows, 0 as source
    from ${sourceOf(key)} where ${where}
    group by 1, 2`
  return { text, nameText: key.name, sourceNames: "(array['archive'])" }
}

/** Returns the rows of flows, each twice where a flow counts at both ends. */
function sourceOf({ ends }: ArchiveKey): string {
  if (!ends) return 'flows'
  const [first, second] = ends
  return `(select *, ${first} as value from flows union all select *, ${second} from flows) as ends`
}
