/**
 * Fills `flows` with rows as networks have them: few addresses have most of the traffic, most ports of
 * clients are used once, and sizes have a long tail.
 */

import type pg from 'pg'
import { Partitions } from '../../../writer/load/stores/partitions.ts'

const DAY_MS = 86_400_000

/** Numbers from 0 to 1 that a row is made from: r1, r2, … */
const RANDOM = Array.from(
  { length: 15 },
  (_, index) =>
    `abs(hashint8extended(n, ${index} + $3::bigint) % 1000003) / 1000003.0::float8 as r${index + 1}`,
).join(', ')

/** Rows $1 spread over the day that begins at $2; $3 seeds them. */
const FILL = `
  insert into flows (received_at, exporter, observation_domain, export_version, flow_start, flow_end,
    src_addr, dst_addr, next_hop, src_port, dst_port, protocol, tcp_flags, tos, direction, input_if,
    output_if, src_as, dst_as, bytes, packets, sampling_rate)
  select at, '192.0.2.1'::inet + n % 8, 0, 9, at - r2 * interval '60 s', at,
    case when is_out then inside else outside end, case when is_out then outside else inside end,
    '203.0.113.1', case when is_out then client else service end,
    case when is_out then service else client end,
    case when r3 < 0.8 then 6 when r3 < 0.98 then 17 else 1 end, 24, (r4 * 3)::int * 8,
    is_out::int, (r5 * 8)::int, 8 + (r6 * 8)::int, 64500 + (r7 ^ 3 * 400)::int,
    64500 + (r8 ^ 3 * 400)::int, size, 1 + size / 800, 1
  from (
    select *, $2::timestamptz + n * (interval '1 day' / $1::float8) as at, r9 < 0.5 as is_out,
      '10.0.0.0'::inet + exp(r10 * ln(5000))::bigint as inside,
      '100.64.0.0'::inet + exp(r11 * ln(400000))::bigint as outside,
      (1024 + r12 * 60000)::int as client,
      case when r13 < 0.45 then 443 else exp(r14 * ln(30000))::int end as service,
      (60 / (r15 + 0.00001) ^ 1.1)::bigint as size
    from (select n, ${RANDOM} from generate_series(0, $1::bigint - 1) as n) as random
  ) as flow`

/** @param days of partitions, from `fromMs` on */
export async function fillSkewed(
  client: pg.Client,
  { rows, days, fromMs }: { readonly rows: number; readonly days: number; readonly fromMs: number },
  progress: (text: string) => void,
): Promise<void> {
  const perDay = Math.ceil(rows / days)
  for (let day = 0; day < days; day++) {
    progress(`filling day ${day + 1} of ${days} with ${perDay.toLocaleString('en')} flows`)
    const start = fromMs + day * DAY_MS
    await new Partitions('day').ensure(client, [start / 3_600_000])
    await client.query(FILL, [perDay, new Date(start), day * 100])
  }
  await client.query(
    `insert into rollup_dirty (level, bucket)
     select distinct 0, date_bin('1 minute', received_at, '2000-01-03Z') from flows`,
  )
  // Autovacuum is off: it would summarise the BRIN indexes and gather statistics.
  await client.query('vacuum analyze flows')
}
