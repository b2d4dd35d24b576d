/** Selects pages of flows, the newest first. A page begins where the previous one ended. */

import { compileFilter } from './compile-filter.ts'
import { type RangeQuestion, withinRange } from './range.ts'
import { FLOWS } from './relations.ts'
import { Parameters, type Sql } from './sql.ts'

/**
 * The place of a flow in the table's files. Rows are never changed, so each keeps its place. Pages
 * therefore repeat and skip nothing, although flows are stored meanwhile.
 */
export interface FlowPlace {
  /** PostgreSQL's text, with microseconds. */
  readonly receivedAt: string
  /** The partition's number. */
  readonly table: string
  /** `(block,item)`. */
  readonly row: string
}

/** The columns of `flow_details`, from flows that the statement calls `flow`. */
const DETAILS = `
      flow.received_at, flow.exporter, exporters.name as exporter_name, flow.src_addr, flow.src_port,
      flow.dst_addr, flow.dst_port, flow.protocol, protocol_name(flow.protocol) as protocol_name,
      flow_service(flow.protocol, flow.src_port, flow.dst_port) as service,
      coalesce(application.name, nullif(flow.extra ->> 'applicationName', '')) as application,
      flow.bytes::numeric * coalesce(flow.sampling_rate, 1) as bytes,
      flow.packets::numeric * coalesce(flow.sampling_rate, 1) as packets,
      flow.flow_start, flow.flow_end,
      extract(epoch from flow.flow_end - flow.flow_start) as seconds,
      flow.tcp_flags,
      case when flow.protocol = 6 then tcp_flag_letters(flow.tcp_flags) end as tcp_flag_letters,
      flow.tos, flow.icmp_type, flow.icmp_code,
      flow.input_if, input.name as input_name, flow.output_if, output.name as output_name,
      case flow.direction when 0 then 'ingress' when 1 then 'egress' end as direction,
      flow.src_as, flow.dst_as, flow.next_hop, flow.src_mask, flow.dst_mask, flow.src_vlan,
      flow.dst_vlan, flow.src_mac, flow.dst_mac,
      case flow.forwarding_status / 64 when 0 then 'unknown' when 1 then 'forwarded'
        when 2 then 'dropped' when 3 then 'consumed' end as forwarding,
      drop_reason(flow.forwarding_status) as drop_reason,
      case flow.flow_end_reason when 1 then 'idle' when 2 then 'active timeout'
        when 3 then 'end of flow' when 4 then 'forced' when 5 then 'lack of resources'
        end as end_reason,
      flow.event, event_name(flow.event, nat_streams.exporter is not null) as event_name,
      flow.export_version, flow.observation_domain, flow.sampling_rate,
      flow.bytes as raw_bytes, flow.packets as raw_packets, flow.forwarding_status,
      flow.flow_end_reason, flow.extra`

const named = (alias: string, kind: string, key: string) => `
    left join names as ${alias} on ${alias}.exporter = flow.exporter
      and ${alias}.export_version = flow.export_version
      and ${alias}.observation_domain = flow.observation_domain
      and ${alias}.kind = '${kind}' and ${alias}.key = ${key}`

const JOINS = `
    left join exporters on exporters.address = flow.exporter
    left join nat_streams on nat_streams.exporter = flow.exporter
      and nat_streams.export_version = flow.export_version
      and nat_streams.observation_domain = flow.observation_domain
    ${named('input', 'interface', 'flow.input_if::text')}
    ${named('output', 'interface', 'flow.output_if::text')}
    ${named('application', 'application', "flow.extra ->> 'applicationId'")}`

interface FlowPageQuestion extends RangeQuestion {
  readonly limit: number
  /** The last flow of the previous page. */
  readonly after?: FlowPlace | undefined
}

/** Selects a page; `place_at`, `place_table` and `place_row` are the place of each flow. */
export function flowPageQuery(question: FlowPageQuestion): Sql {
  const { filter, limit, after } = question
  const parameters = new Parameters()
  const conditions = [
    withinRange('received_at', question, parameters),
    compileFilter(filter, FLOWS, parameters),
  ]
  if (after) {
    const at = `${parameters.add(after.receivedAt)}::timestamptz`
    const table = `${parameters.add(after.table)}::oid`
    const row = `${parameters.add(after.row)}::tid`
    // The first condition alone lets the planner leave out partitions and blocks.
    conditions.push(
      `received_at <= ${at}`,
      `(received_at < ${at} or tableoid < ${table} or tableoid = ${table} and ctid < ${row})`,
    )
  }
  const text = `
    select ${DETAILS},
      flow.received_at::text as place_at, flow.place_table, flow.place_row
    from (
      select *, tableoid as place_table, ctid as place_row from flows
      where ${conditions.join('\n        and ')}
      order by received_at desc, tableoid desc, ctid desc limit ${parameters.add(limit)}
    ) as flow
    ${JOINS}
    order by flow.received_at desc, place_table desc, place_row desc`
  return { text, values: parameters.values }
}
