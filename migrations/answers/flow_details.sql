-- needs: protocol_name flow_service tcp_flag_letters drop_reason event_name nat_streams

-- The joins are by whole keys: the planner leaves out those whose columns nobody asks for.
create or replace view flow_details as
select
  flow.received_at,
  flow.exporter,
  exporters.name as exporter_name,
  flow.src_addr,
  flow.src_port,
  flow.dst_addr,
  flow.dst_port,
  flow.protocol,
  protocol_name(flow.protocol) as protocol_name,
  flow_service(flow.protocol, flow.src_port, flow.dst_port) as service,
  coalesce(application.name, nullif(flow.extra ->> 'applicationName', '')) as application,
  flow.bytes::numeric * coalesce(flow.sampling_rate, 1) as bytes,
  flow.packets::numeric * coalesce(flow.sampling_rate, 1) as packets,
  flow.flow_start,
  flow.flow_end,
  flow.flow_end - flow.flow_start as duration,
  flow.tcp_flags,
  case when flow.protocol = 6 then tcp_flag_letters(flow.tcp_flags) end as tcp_flag_letters,
  flow.tos,
  flow.icmp_type,
  flow.icmp_code,
  flow.input_if,
  input.name as input_name,
  flow.output_if,
  output.name as output_name,
  case flow.direction when 0 then 'ingress' when 1 then 'egress' end as direction,
  flow.src_as,
  flow.dst_as,
  flow.next_hop,
  flow.src_mask,
  flow.dst_mask,
  flow.src_vlan,
  flow.dst_vlan,
  flow.src_mac,
  flow.dst_mac,
  case flow.forwarding_status / 64 when 0 then 'unknown' when 1 then 'forwarded' when 2 then 'dropped'
    when 3 then 'consumed' end as forwarding,
  drop_reason(flow.forwarding_status) as drop_reason,
  case flow.flow_end_reason when 1 then 'idle' when 2 then 'active timeout' when 3 then 'end of flow'
    when 4 then 'forced' when 5 then 'lack of resources' end as end_reason,
  flow.event,
  event_name(flow.event, nat_streams.exporter is not null) as event_name,
  flow.export_version,
  flow.observation_domain,
  flow.sampling_rate,
  flow.bytes as raw_bytes,
  flow.packets as raw_packets,
  flow.forwarding_status,
  flow.flow_end_reason,
  flow.extra
from flows as flow
left join exporters on exporters.address = flow.exporter
left join nat_streams on nat_streams.exporter = flow.exporter
  and nat_streams.export_version = flow.export_version
  and nat_streams.observation_domain = flow.observation_domain
left join names as input on input.exporter = flow.exporter
  and input.export_version = flow.export_version
  and input.observation_domain = flow.observation_domain
  and input.kind = 'interface' and input.key = flow.input_if::text
left join names as output on output.exporter = flow.exporter
  and output.export_version = flow.export_version
  and output.observation_domain = flow.observation_domain
  and output.kind = 'interface' and output.key = flow.output_if::text
left join names as application on application.exporter = flow.exporter
  and application.export_version = flow.export_version
  and application.observation_domain = flow.observation_domain
  and application.kind = 'application' and application.key = flow.extra ->> 'applicationId';
comment on view flow_details is 'Each flow in an order for people, with names. Restrict received_at: it prunes partitions.';
comment on column flow_details.received_at is 'When the collector received the datagram.';
comment on column flow_details.exporter is 'Address of the exporter.';
comment on column flow_details.exporter_name is 'exporters.name, which an operator sets.';
comment on column flow_details.src_addr is 'Source address.';
comment on column flow_details.src_port is 'Source port; NULL for protocols without ports.';
comment on column flow_details.dst_addr is 'Destination address.';
comment on column flow_details.dst_port is 'Destination port; NULL for protocols without ports.';
comment on column flow_details.protocol is 'Number of the IP protocol.';
comment on column flow_details.protocol_name is 'tcp, udp, icmp, …';
comment on column flow_details.service is 'Name of the service of the lower port, else of the other one.';
comment on column flow_details.application is 'Application that the exporter recognised, by its own names.';
comment on column flow_details.bytes is 'Bytes multiplied by the sampling rate; an unknown rate counts as 1. NULL: not sent.';
comment on column flow_details.packets is 'Packets multiplied by the sampling rate; an unknown rate counts as 1. NULL: not sent.';
comment on column flow_details.flow_start is 'First packet, by the exporter''s clock.';
comment on column flow_details.flow_end is 'Last packet, by the exporter''s clock.';
comment on column flow_details.duration is 'flow_end less flow_start.';
comment on column flow_details.tcp_flags is 'TCP flags of all packets, or-ed.';
comment on column flow_details.tcp_flag_letters is 'TCP flags as letters, as in ...AP.SF; NULL unless the protocol is TCP.';
comment on column flow_details.tos is 'Type of service, or traffic class.';
comment on column flow_details.icmp_type is 'Type of an ICMP message.';
comment on column flow_details.icmp_code is 'Code of an ICMP message.';
comment on column flow_details.input_if is 'ifIndex of the input interface.';
comment on column flow_details.input_name is 'Its name, as the exporter sent it in options data.';
comment on column flow_details.output_if is 'ifIndex of the output interface.';
comment on column flow_details.output_name is 'Its name, as the exporter sent it in options data.';
comment on column flow_details.direction is 'ingress or egress: where the exporter counted the flow.';
comment on column flow_details.src_as is 'Autonomous system of the source.';
comment on column flow_details.dst_as is 'Autonomous system of the destination.';
comment on column flow_details.next_hop is 'Next router.';
comment on column flow_details.src_mask is 'Length of the source''s prefix in the routing table.';
comment on column flow_details.dst_mask is 'Length of the destination''s prefix in the routing table.';
comment on column flow_details.src_vlan is 'VLAN of the source side.';
comment on column flow_details.dst_vlan is 'VLAN of the destination side.';
comment on column flow_details.src_mac is 'Source MAC address.';
comment on column flow_details.dst_mac is 'Destination MAC address.';
comment on column flow_details.forwarding is 'forwarded, dropped, consumed or unknown, by the forwarding status.';
comment on column flow_details.drop_reason is 'Why the router dropped it; NULL: it did not.';
comment on column flow_details.end_reason is 'Why the exporter ended the flow.';
comment on column flow_details.event is 'Number of a firewall event, or of a NAT event.';
comment on column flow_details.event_name is 'Name of the event.';
comment on column flow_details.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column flow_details.observation_domain is 'Part of the exporter: engine, source id or observation domain.';
comment on column flow_details.sampling_rate is 'Packets that one counted packet stands for; NULL: unknown.';
comment on column flow_details.raw_bytes is 'Bytes as exported.';
comment on column flow_details.raw_packets is 'Packets as exported.';
comment on column flow_details.forwarding_status is 'Number of the forwarding status (IE 89).';
comment on column flow_details.flow_end_reason is 'Number of the reason (IE 136).';
comment on column flow_details.extra is 'All other fields, by the names of their elements.';
