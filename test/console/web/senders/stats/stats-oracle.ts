/** The expected statistics: a query on flows, written by hand, for one prefix, time and field. */

import type { SendersHarness } from '../senders-harness.ts'

/** An entry of the reply. */
export interface Entry {
  readonly name: string
  readonly bytes: number | string | null
  readonly pkts: number | string | null
  readonly direction?: string
  readonly flows: number | string | null
  readonly sampled?: boolean
  readonly exact?: boolean
  readonly at_most?: number | string
  readonly reason?: string
}

const COLUMNS: Readonly<Record<string, string>> = {
  proto: 'protocol',
  srcport: 'src_port',
  dstport: 'dst_port',
  srcas: 'src_as',
  dstas: 'dst_as',
  srcip: 'src_addr',
  dstip: 'dst_addr',
}

/** Selects one direction: the near end is in the prefix; `local`: the far end is in one, too. */
function oneWay(direction: string, near: string, far: string, condition: string): string {
  return `
    select '${direction}' || case when is_local then ':local' else '' end as direction,
      sum(bytes::numeric * coalesce(sampling_rate, 1)) as bytes,
      sum(packets::numeric * coalesce(sampling_rate, 1)) as pkts,
      count(*) as flows, bool_or(coalesce(sampling_rate, 1) <> 1) as sampled
    from flows
    cross join lateral (
      select exists (
        select from exporter_prefixes as p where p.exporter = flows.exporter and ${far} <<= p.prefix
      ) as is_local
    ) as judged
    where exporter = $1 and ${near} <<= $2::cidr and received_at >= $3 and received_at < $4
      and ${condition}
    group by is_local`
}

export interface Question {
  readonly exporter: string
  readonly prefix: string
  readonly since: string
  readonly until: string
  readonly name: string
}

/** Returns the entries that a reply must have. */
export async function askOracle(given: SendersHarness, question: Question): Promise<Entry[]> {
  const { exporter, prefix, since, until, name } = question
  const [word = '', ...key] = name.split(':')
  const column = COLUMNS[word]
  const condition = column === undefined ? 'true' : `${column} = $5`
  const values = [exporter, prefix, since, until, ...(column === undefined ? [] : [key.join(':')])]
  const rows = await given.rollups.ask(
    `select * from (
       ${oneWay('in', 'dst_addr', 'src_addr', condition)}
       union all ${oneWay('out', 'src_addr', 'dst_addr', condition)}
     ) as ways order by array_position(array['in', 'out', 'in:local', 'out:local'], direction)`,
    values,
  )
  return rows.map((row) => ({
    name,
    bytes: numberOf(row['bytes']),
    pkts: numberOf(row['pkts']),
    direction: String(row['direction']),
    flows: numberOf(row['flows']),
    ...(row['sampled'] ? { sampled: true } : {}),
  }))
}

function numberOf(text: unknown): number | string | null {
  if (text === null) return null
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : String(text)
}
