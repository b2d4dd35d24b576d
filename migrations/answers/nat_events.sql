-- needs: nat_streams event_name protocol_name jsonb_port jsonb_address

create or replace view nat_events as
select
  received_at,
  coalesce(flow_start, flow_end, received_at) as event_at,
  flow.exporter,
  exporters.name as exporter_name,
  nat_event as event,
  coalesce(event_name(nat_event, true), event_name(flow.event, false), 'flow') as event_name,
  case
    when nat_event in (1, 4, 6, 8, 10, 14, 16) or nat_event is null and flow.event = 1 then 'open'
    when nat_event in (2, 5, 7, 9, 11, 15, 17) or nat_event is null and flow.event = 2 then 'close'
    when nat_event in (3, 12, 13, 18) then 'exhausted'
    else 'flow'
  end as kind,
  flow.protocol,
  protocol_name(flow.protocol) as protocol_name,
  src_addr as inside_addr,
  src_port as inside_port,
  coalesce(jsonb_address(extra -> 'postNATSourceIPv4Address'),
    jsonb_address(extra -> 'postNATSourceIPv6Address'),
    jsonb_address(extra -> 'xlateSourceAddressIPv4')) as outside_addr,
  coalesce(jsonb_port(extra -> 'postNAPTSourceTransportPort'), jsonb_port(extra -> 'xlateSourcePort'))
    as outside_port,
  jsonb_port(extra -> 'portRangeStart') as first_port,
  coalesce(jsonb_port(extra -> 'portRangeEnd'),
    jsonb_port(extra -> 'portRangeStart') + jsonb_port(extra -> 'portRangeNumPorts') - 1) as last_port,
  dst_addr,
  dst_port,
  coalesce(jsonb_address(extra -> 'postNATDestinationIPv4Address'),
    jsonb_address(extra -> 'postNATDestinationIPv6Address'),
    jsonb_address(extra -> 'xlateDestinationAddressIPv4')) as translated_dst_addr,
  coalesce(jsonb_port(extra -> 'postNAPTDestinationTransportPort'),
    jsonb_port(extra -> 'xlateDestinationPort')) as translated_dst_port,
  flow_start,
  flow_end,
  flow.export_version,
  flow.observation_domain,
  extra
from (
  select *, case
    when jsonb_typeof(extra -> 'natEvent') = 'number' then jsonb_port(extra -> 'natEvent')
    when nat_streams.exporter is not null then event
    end as nat_event
  from flows
  left join nat_streams using (exporter, export_version, observation_domain)
) as flow
left join exporters on exporters.address = flow.exporter
where coalesce(extra ->> 'postNATSourceIPv4Address', extra ->> 'postNATSourceIPv6Address',
    extra ->> 'xlateSourceAddressIPv4') is not null
  or nat_event is not null;
comment on view nat_events is 'What devices say about address translation: events, and flows with a translated source. Restrict received_at; nat_lookup() finds who used a public address.';
comment on column nat_events.received_at is 'When the collector received the datagram.';
comment on column nat_events.event_at is 'When it happened, by the device''s clock.';
comment on column nat_events.exporter is 'Address of the device.';
comment on column nat_events.exporter_name is 'exporters.name, which an operator sets.';
comment on column nat_events.event is 'Number of the NAT event (IE 230); NULL: a flow, or an event of a firewall.';
comment on column nat_events.event_name is 'Its name, that of the firewall event, or flow.';
comment on column nat_events.kind is 'open: the mapping begins; close: it ends; flow: it was used from flow_start to flow_end; exhausted: none could be made.';
comment on column nat_events.protocol is 'Number of the IP protocol.';
comment on column nat_events.protocol_name is 'tcp, udp, icmp, …';
comment on column nat_events.inside_addr is 'Address before the translation.';
comment on column nat_events.inside_port is 'Port before the translation.';
comment on column nat_events.outside_addr is 'Public address after the translation.';
comment on column nat_events.outside_port is 'Public port after the translation.';
comment on column nat_events.first_port is 'First port of a block.';
comment on column nat_events.last_port is 'Last port of a block.';
comment on column nat_events.dst_addr is 'Destination, as the inside sees it.';
comment on column nat_events.dst_port is 'Its port.';
comment on column nat_events.translated_dst_addr is 'Destination after the translation.';
comment on column nat_events.translated_dst_port is 'Its port.';
comment on column nat_events.flow_start is 'First packet, or time of the event.';
comment on column nat_events.flow_end is 'Last packet, or time of the event.';
comment on column nat_events.export_version is 'Version of the protocol.';
comment on column nat_events.observation_domain is 'Part of the exporter.';
comment on column nat_events.extra is 'All other fields, by the names of their elements.';
