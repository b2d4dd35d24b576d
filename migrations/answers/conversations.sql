-- needs: conversations_between flow_partitions

-- A condition on time cannot pass a grouping, so each hour of each partition is asked on its own: a
-- condition on hour leaves out the others before they are read.
create or replace view conversations as
select
  hours.hour,
  started_at,
  ended_at,
  duration,
  conversation.exporter,
  exporters.name as exporter_name,
  protocol,
  protocol_name,
  service,
  client,
  client_port,
  server,
  server_port,
  bytes,
  packets,
  flows,
  client_bytes,
  client_packets,
  client_flows,
  client_flags,
  server_bytes,
  server_packets,
  server_flows,
  server_flags,
  told_by
from (
  select distinct generate_series(date_trunc('hour', since), until - interval '1 microsecond', interval '1 hour')
    as hour
  from flow_partitions where isfinite(since) and isfinite(until)
) as hours
cross join lateral conversations_between(hours.hour, hours.hour + interval '1 hour') as conversation
left join exporters on exporters.address = conversation.exporter;
comment on view conversations is 'Conversations of each hour of received_at: the flows of both directions in one row. Restrict hour: other hours are not read. conversations_between() takes any time, and also reads partitions without bounds.';
comment on column conversations.hour is 'The hour in which the flows were received; a longer conversation has a row in each.';
comment on column conversations.started_at is 'First packet of the first flow.';
comment on column conversations.ended_at is 'Last packet of the last flow.';
comment on column conversations.duration is 'ended_at less started_at.';
comment on column conversations.exporter is 'Address of the exporter.';
comment on column conversations.exporter_name is 'exporters.name, which an operator sets.';
comment on column conversations.protocol is 'Number of the IP protocol.';
comment on column conversations.protocol_name is 'tcp, udp, icmp, …';
comment on column conversations.service is 'Name of the service of the lower port, else of the other one.';
comment on column conversations.client is 'The end that asked; see told_by.';
comment on column conversations.client_port is 'Its port; NULL for protocols without ports.';
comment on column conversations.server is 'The other end.';
comment on column conversations.server_port is 'Its port; NULL for protocols without ports.';
comment on column conversations.bytes is 'Bytes of both directions, multiplied by the sampling rates; NULL: not sent.';
comment on column conversations.packets is 'Packets of both directions, multiplied by the sampling rates; NULL: not sent.';
comment on column conversations.flows is 'Flows of both directions.';
comment on column conversations.client_bytes is 'Bytes that the client sent.';
comment on column conversations.client_packets is 'Packets that the client sent.';
comment on column conversations.client_flows is 'Flows from the client; 0: only the other direction was seen.';
comment on column conversations.client_flags is 'TCP flags of the client, as letters.';
comment on column conversations.server_bytes is 'Bytes that the server sent.';
comment on column conversations.server_packets is 'Packets that the server sent.';
comment on column conversations.server_flows is 'Flows from the server; 0: only the other direction was seen.';
comment on column conversations.server_flags is 'TCP flags of the server, as letters.';
comment on column conversations.told_by is 'How client and server were told apart: request (of ICMP), port (below 1024), first flow, lower port; sender: one direction only.';
