/** The summary of a range: totals and histograms, with the edges of flow-tools and of routers. */

import { type Dialect, POSTGRES } from './dialect.ts'
import { type RangeQuestion, withinRange } from './range.ts'
import { Parameters, type Sql } from './sql.ts'

/** The edges of the histograms. */
export const PACKET_SIZES: readonly number[] = [
  ...Array.from({ length: 18 }, (_, index) => 32 * (index + 1)),
  ...[1024, 1500, 2048, 2560, 3072, 3584, 4096, 4608],
]
export const PACKETS_PER_FLOW: readonly number[] = [
  1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 60, 100, 200, 300, 400, 500, 600, 700,
  800, 900,
]
export const BYTES_PER_FLOW: readonly number[] = [
  32, 64, 128, 256, 512, 1280, 2048, 2816, 3584, 4352, 5120, 5888, 6656, 7424, 8192, 8960, 9728,
  10_496, 11_264, 12_032, 12_800, 13_568, 14_336, 15_104, 15_872,
]

/**
 * Selects totals in one row (kind `total`), and histograms of flows (kinds `size`, `packets`,
 * `bytes`). `bin` is the number of edges that are smaller than the value.
 */
export function summaryQuery(question: RangeQuestion, dialect: Dialect = POSTGRES): Sql {
  const parameters = new Parameters()
  const sizes = dialect.bin(
    { dividend: 'bytes', divisor: 'packets', edges: PACKET_SIZES },
    parameters,
  )
  const packets = dialect.bin({ dividend: 'packets', edges: PACKETS_PER_FLOW }, parameters)
  const bytes = dialect.bin({ dividend: 'bytes', edges: BYTES_PER_FLOW }, parameters)
  const where =
    `${withinRange('received_at', question, parameters)} ` +
    `and ${dialect.compile(question.filter, 'flows', parameters)}`
  const text = `
    with found as (
      select ${sizes} as size_bin, ${packets} as packets_bin, ${bytes} as bytes_bin,
        ${dialect.scaled('bytes')} as bytes, ${dialect.scaled('packets')} as packets,
        ${dialect.between('flow_start', 'flow_end')} as seconds, received_at, exporter,
        sampling_rate is distinct from 1 as is_scaled
      from flows where ${where}
    )
    select case grouping(size_bin, packets_bin, bytes_bin) when 3 then 'size' when 5 then 'packets'
        when 6 then 'bytes' else 'total' end as kind,
      coalesce(size_bin, packets_bin, bytes_bin) as bin, count(*) as flows, sum(bytes) as bytes,
      sum(packets) as packets, ${dialect.mean('seconds')} as seconds, min(received_at) as first,
      max(received_at) as last, count(distinct exporter) as exporters,
      count(*) filter (where is_scaled) as scaled_flows
    from found
    group by grouping sets ((), (size_bin), (packets_bin), (bytes_bin))
    order by kind, bin nulls last`
  return { text, values: parameters.values }
}
