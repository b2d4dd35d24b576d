-- needs: flow_details nat_streams

create or replace view dropped_flows as
select
  received_at,
  exporter,
  exporter_name,
  coalesce(drop_reason,
    jsonb '{
      "1001": "denied by the ingress access list", "1002": "denied by the egress access list",
      "1003": "denied by the firewall itself", "1004": "first packet was no SYN"
    }' ->> (extra ->> 'firewallExtendedEvent'),
    case when event = 3 then 'denied by the firewall' else 'some of its packets, no reason sent' end) as reason,
  protocol_name,
  service,
  src_addr,
  src_port,
  dst_addr,
  dst_port,
  coalesce(dropped_packets * coalesce(sampling_rate, 1), packets) as packets,
  case when dropped_packets is null then bytes else dropped_bytes * coalesce(sampling_rate, 1) end
    as bytes,
  input_if,
  input_name,
  output_if,
  output_name,
  tcp_flag_letters,
  flow_start,
  flow_end,
  export_version,
  observation_domain,
  extra
from (
  select *,
    case when jsonb_typeof(extra -> 'droppedPacketDeltaCount') = 'number'
      then nullif((extra ->> 'droppedPacketDeltaCount')::numeric, 0) end as dropped_packets,
    case when jsonb_typeof(extra -> 'droppedOctetDeltaCount') = 'number'
      then (extra ->> 'droppedOctetDeltaCount')::numeric end as dropped_bytes
  from flow_details
) as flow
where forwarding_status between 128 and 191
  or event = 3 and (exporter, export_version, observation_domain) not in (
    select exporter, export_version, observation_domain from nat_streams)
  or dropped_packets > 0;
comment on view dropped_flows is 'Flows whose packets a router or firewall dropped, with the reason.';
comment on column dropped_flows.received_at is 'When the collector received the datagram.';
comment on column dropped_flows.exporter is 'Address of the exporter.';
comment on column dropped_flows.exporter_name is 'exporters.name, which an operator sets.';
comment on column dropped_flows.reason is 'Why: by the forwarding status, the firewall event, or the counter of dropped packets.';
comment on column dropped_flows.protocol_name is 'tcp, udp, icmp, …';
comment on column dropped_flows.service is 'Name of the service of the lower port, else of the other one.';
comment on column dropped_flows.src_addr is 'Source address.';
comment on column dropped_flows.src_port is 'Source port.';
comment on column dropped_flows.dst_addr is 'Destination address.';
comment on column dropped_flows.dst_port is 'Destination port.';
comment on column dropped_flows.packets is 'Packets that were dropped, multiplied by the sampling rate; NULL: not sent.';
comment on column dropped_flows.bytes is 'Bytes that were dropped, multiplied by the sampling rate; NULL: not sent.';
comment on column dropped_flows.input_if is 'ifIndex of the input interface.';
comment on column dropped_flows.input_name is 'Its name.';
comment on column dropped_flows.output_if is 'ifIndex of the output interface.';
comment on column dropped_flows.output_name is 'Its name.';
comment on column dropped_flows.tcp_flag_letters is 'TCP flags as letters.';
comment on column dropped_flows.flow_start is 'First packet.';
comment on column dropped_flows.flow_end is 'Last packet.';
comment on column dropped_flows.export_version is 'Version of the protocol.';
comment on column dropped_flows.observation_domain is 'Part of the exporter.';
comment on column dropped_flows.extra is 'All other fields, by the names of their elements.';
