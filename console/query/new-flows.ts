/**
 * Selects the flows that became visible since an earlier snapshot, each exactly once. A batch may
 * have been committed after a newer one, and flows may have been received long ago.
 */

import { compileFilter } from './compile-filter.ts'
import type { Filter } from './filter/filter-tree.ts'
import { FLOWS } from './relations.ts'
import { Parameters, type Sql } from './sql.ts'

/** A snapshot sees the transactions before `xmax` that were not in progress. */
export interface Snapshot {
  readonly xmax: string
  readonly inProgress: readonly string[]
}

export const SNAPSHOT_QUERY: Sql = {
  text: `
    select pg_snapshot_xmax(snapshot)::text as xmax,
      array_to_string(array(select pg_snapshot_xip(snapshot)::text), ' ') as in_progress
    from (select pg_current_snapshot() as snapshot) as current`,
  values: [],
}

/** Reads the row of `SNAPSHOT_QUERY`. */
export function readSnapshot(row: Readonly<Record<string, string | null>>): Snapshot {
  const inProgress = (row['in_progress'] ?? '').split(' ').filter((xid) => xid !== '')
  return { xmax: row['xmax'] ?? '0', inProgress }
}

/**
 * Returns the condition that a row was not visible in a snapshot. A row has only the lower 32 bits
 * of its transaction's number.
 */
function isNew(xmin: string, { xmax, inProgress }: Snapshot, parameters: Parameters): string {
  const now = 'pg_snapshot_xmax(pg_current_snapshot())::text::bigint'
  const number = `(${now} - ((${now} - ${xmin}::text::bigint) & 4294967295))`
  const before = `${parameters.add(xmax)}::bigint`
  return `(${number} >= ${before} or ${number} = any(${parameters.add(inProgress)}::bigint[]))`
}

/**
 * Selects the minutes with new flows. Each batch lists its minutes for the rollups. When the
 * rollups have counted a minute, they list its hour or day instead; the new sums there name the
 * minute.
 */
export function newMinutesQuery(snapshot: Snapshot): Sql {
  const parameters = new Parameters()
  const text = `
    with listed as materialized (
      select distinct bucket, level from rollup_dirty
      where ${isNew('xmin', snapshot, parameters)}
    )
    select bucket from listed where level = 0
    union
    select minutes.bucket
    from listed join rollup_minute as minutes on minutes.field = 0
      and minutes.bucket >= listed.bucket
      and minutes.bucket < listed.bucket + case level when 1 then interval '1 hour' else interval '1 day' end
    where level > 0 and ${isNew('minutes.xmin', snapshot, parameters)}
    order by 1`
  return { text, values: parameters.values }
}

/** Selects the new flows of one minute, the oldest first, with columns of `flow_details`. */
export function newFlowsQuery(minute: string, snapshot: Snapshot, filter: Filter): Sql {
  const parameters = new Parameters()
  const from = `${parameters.add(minute)}::timestamptz`
  const text = `
    select flow.*, exporters.name as exporter_name, protocol_name(flow.protocol) as protocol_name,
      flow_service(flow.protocol, src_port, dst_port) as service,
      flow.raw_bytes::numeric * coalesce(sampling_rate, 1) as bytes,
      flow.raw_packets::numeric * coalesce(sampling_rate, 1) as packets,
      flow_end - flow_start as duration, extract(epoch from flow_end - flow_start) as seconds,
      case when flow.protocol = 6 then tcp_flag_letters(tcp_flags) end as tcp_flag_letters,
      case flow_direction when 0 then 'ingress' when 1 then 'egress' end as direction
    from (
      select received_at, exporter, observation_domain, export_version, flow_start, flow_end,
        src_addr, dst_addr, next_hop, src_port, dst_port, protocol, tcp_flags, tos, icmp_type, icmp_code,
        input_if, output_if, bytes as raw_bytes, packets as raw_packets, src_as, dst_as, src_mask,
        dst_mask, src_vlan, dst_vlan, src_mac, dst_mac, direction as flow_direction, event,
        sampling_rate, extra
      from flows
      where received_at >= ${from} and received_at < ${from} + interval '1 minute'
        and ${isNew('xmin', snapshot, parameters)} and ${compileFilter(filter, FLOWS, parameters)}
    ) as flow
    left join exporters on exporters.address = flow.exporter
    order by received_at`
  return { text, values: parameters.values }
}
