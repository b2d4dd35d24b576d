-- The prefixes are one list for each exporter, and no row needs a subquery: so each node of a cluster can
-- join them with its own flows.
create or replace view prefix_flows as
select flows.received_at, prefix,
  case
    when is_source then case when flows.dst_addr <<= any (known.prefixes) then 3 else 1 end
    else case when flows.src_addr <<= any (known.prefixes) then 2 else 0 end
  end::smallint as side,
  flows.exporter, flows.sampling_rate,
  flows.bytes, flows.packets, flows.src_addr, flows.dst_addr, flows.src_port, flows.dst_port,
  flows.protocol, flows.tcp_flags, flows.tos, flows.direction, flows.input_if, flows.output_if,
  flows.src_as, flows.dst_as, flows.flow_start, flows.flow_end, flows.extra
from flows
join (
  select exporter, array_agg(prefix) as prefixes from exporter_prefixes group by exporter
) as known on known.exporter = flows.exporter
cross join unnest(known.prefixes) as prefix
cross join (values (true), (false)) as ends (is_source)
where case when is_source then flows.src_addr else flows.dst_addr end <<= prefix;
comment on view prefix_flows is 'Flows by the prefixes of exporter_prefixes that contain one of their ends: a row for each prefix and end. Counters as exported.';
comment on column prefix_flows.prefix is 'A prefix of the exporter.';
comment on column prefix_flows.side is 'As seen from the prefix: 0 in, 1 out; 2 in:local and 3 out:local where the other end is in a prefix of the exporter, too.';
comment on column prefix_flows.received_at is 'The collector''s receive time.';
comment on column prefix_flows.exporter is 'Address of the exporter.';
comment on column prefix_flows.sampling_rate is 'Packets represented by one counted packet; NULL = unknown.';
comment on column prefix_flows.bytes is 'As exported, not multiplied by sampling_rate.';
comment on column prefix_flows.packets is 'As exported, not multiplied by sampling_rate.';
comment on column prefix_flows.src_addr is 'Source.';
comment on column prefix_flows.dst_addr is 'Destination.';
comment on column prefix_flows.src_port is 'Source port.';
comment on column prefix_flows.dst_port is 'Destination port.';
comment on column prefix_flows.protocol is 'IP protocol.';
comment on column prefix_flows.tcp_flags is 'TCP flags of all packets.';
comment on column prefix_flows.tos is 'Type of service.';
comment on column prefix_flows.direction is '0 ingress, 1 egress, as the exporter says.';
comment on column prefix_flows.input_if is 'ifIndex.';
comment on column prefix_flows.output_if is 'ifIndex.';
comment on column prefix_flows.src_as is 'AS of the source.';
comment on column prefix_flows.dst_as is 'AS of the destination.';
comment on column prefix_flows.flow_start is 'First packet.';
comment on column prefix_flows.flow_end is 'Last packet.';
comment on column prefix_flows.extra is 'Fields without a column.';
