-- Up Migration

-- The counters of exporter_streams only grow. Their state at earlier times gives the rates of now and
-- of the last day. The writer notes it every ten minutes, in the background: loading pays nothing.
create table stream_history (
  taken_at timestamptz not null,
  observation_domain bigint not null,
  datagrams bigint not null,
  flow_records bigint not null,
  options_records bigint not null,
  lost bigint,
  late bigint not null,
  duplicates bigint not null,
  strays bigint not null,
  restarts bigint not null,
  expired_sets bigint not null,
  malformed_sets bigint not null,
  implausible_times bigint not null,
  flows_without_rate bigint not null,
  export_version smallint not null,
  exporter inet not null,
  sequence_unit text not null,
  primary key (exporter, export_version, observation_domain, taken_at),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
create index stream_history_taken_at_idx on stream_history (taken_at);

alter table templates add column refresh_ms bigint;

-- Looking into the fields takes 0.2 ms a template: too long for views that ask about all of them. Each
-- of these indexes has the few templates that hold some element. Conditions have to be spelled alike.
create index templates_nat_event_idx on templates (exporter, export_version, observation_domain)
  where fields @? 'strict $[*] ? (@[0] == 0 && @[1] == 230)';
create index templates_firewall_event_idx on templates (exporter, export_version, observation_domain)
  where fields @? 'strict $[*] ? (@[0] == 0 && (@[1] == 233 || @[1] == 40005 || @[1] == 33002))';
create index templates_nat_address_idx on templates (exporter, export_version, observation_domain)
  where fields @? 'strict $[*] ? (@[0] == 0 && (@[1] == 225 || @[1] == 281 || @[1] == 40001))';
create index templates_sampler_idx on templates (exporter, export_version, observation_domain)
  where fields @? 'strict $[*] ? (@[0] == 0 && (@[1] == 48 || @[1] == 302))';

-- node dist/writer/create-role.js gives these rights as well, whichever of the two comes first.
do $$
begin
  if to_regrole('netflow_operator') is null then return; end if;
  grant
    insert (address, name, enabled, sampling_override, sampling_default, sampling_byte_order, sequence_check),
    update (name, enabled, sampling_override, sampling_default, sampling_byte_order, sequence_check)
    on exporters to netflow_operator;
  if to_regclass('exporter_prefixes') is not null then
    grant insert, update, delete on exporter_prefixes to netflow_operator;
  end if;
end
$$;

-- Each table and column says what it is: \d+ in psql.
comment on column flows.flow_start is 'First packet, by the exporter.';
comment on column flows.flow_end is 'Last packet, by the exporter.';
comment on column flows.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column flows.input_if is 'ifIndex of the input interface.';
comment on column flows.output_if is 'ifIndex of the output interface.';
comment on column flows.src_as is 'Autonomous system of the source.';
comment on column flows.dst_as is 'Autonomous system of the destination.';
comment on column flows.src_port is 'Source port of TCP, UDP, …; NULL for protocols without ports.';
comment on column flows.dst_port is 'Destination port of TCP, UDP, …; NULL for protocols without ports.';
comment on column flows.src_vlan is 'VLAN of the source side.';
comment on column flows.dst_vlan is 'VLAN of the destination side.';
comment on column flows.src_mac is 'Source MAC address.';
comment on column flows.dst_mac is 'Destination MAC address.';
comment on column flows.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column flows.protocol is 'Number of the IP protocol: 6 TCP, 17 UDP, 1 ICMP.';
comment on column flows.tcp_flags is 'TCP flags of all packets, or-ed.';
comment on column flows.tos is 'Type of service, or traffic class.';
comment on column flows.icmp_type is 'Type of an ICMP message.';
comment on column flows.icmp_code is 'Code of an ICMP message.';
comment on column flows.src_mask is 'Length of the source prefix in the routing table.';
comment on column flows.dst_mask is 'Length of the destination prefix in the routing table.';
comment on column flows.direction is 'Where the exporter counted the flow: 0 ingress, 1 egress.';
comment on column flows.forwarding_status is 'IE 89: 64 to 127 forwarded, 128 to 191 dropped, from 192 consumed.';
comment on column flows.flow_end_reason is 'IE 136: 1 idle, 2 active timeout, 3 end of flow, 4 forced, 5 lack of resources.';
comment on column flows.event is 'Event of a firewall (IE 233) or of a NAT device (IE 230).';
comment on column flows.exporter is 'Address of the exporter.';
comment on column flows.src_addr is 'Source address, IPv4 or IPv6.';
comment on column flows.dst_addr is 'Destination address, IPv4 or IPv6.';
comment on column flows.next_hop is 'Next router.';
comment on table exporters is 'Everybody who has sent NetFlow, and what an operator has set.';
comment on column exporters.address is 'Its address.';
comment on column exporters.name is 'For people; an operator sets it.';
comment on column exporters.first_seen is 'When its first datagram was received. NULL: registered, not heard yet.';
comment on column exporters.last_seen is 'When its latest datagram was received. NULL: registered, not heard yet.';
comment on table exporter_streams is 'A stream is what an exporter sends with one version and one observation domain. Counters only grow; exporter_health has rates and advice.';
comment on column exporter_streams.exporter is 'Address of the exporter.';
comment on column exporter_streams.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column exporter_streams.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column exporter_streams.first_seen is 'When its first datagram was received.';
comment on column exporter_streams.last_seen is 'When its latest datagram was received.';
comment on column exporter_streams.datagrams is 'Messages decoded, without duplicates.';
comment on column exporter_streams.flow_records is 'Flow records in them.';
comment on column exporter_streams.options_records is 'Options records in them.';
comment on column exporter_streams.held_sets is 'Data sets that came before their template.';
comment on column exporter_streams.released_sets is 'Held sets that were decoded later.';
comment on column exporter_streams.expired_sets is 'Held sets that were given up.';
comment on column exporter_streams.malformed_sets is 'Sets, or the rest of a set, that could not be read.';
comment on column exporter_streams.implausible_times is 'Flows with a time over 10 min after, or 50 days before, their receipt; stored as sent.';
comment on column exporter_streams.late is 'Datagrams out of order.';
comment on column exporter_streams.duplicates is 'Datagrams that came again; stored once.';
comment on column exporter_streams.restarts is 'Restarts of the exporter.';
comment on column exporter_streams.last_template_at is 'When it last sent a template.';
comment on column flow_totals.journal is 'The pipeline: see journal_positions.';
comment on column flow_totals.exporter is 'Address of the exporter.';
comment on column flow_totals.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column flow_totals.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column flow_totals.bytes is 'Total of bytes, as sent last.';
comment on column flow_totals.packets is 'Total of packets, as sent last.';
comment on column flow_totals.flow_start is 'First packet of the flow.';
comment on column held_sets.journal is 'The pipeline: see journal_positions.';
comment on column held_sets.exporter is 'Address of the exporter.';
comment on column held_sets.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column held_sets.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column held_sets.id is 'Counts the held sets of a journal.';
comment on column held_sets.template_id is 'The template that it waits for.';
comment on column held_sets.source_port is 'UDP port that it came from.';
comment on column held_sets.received_at is 'When it was received.';
comment on column held_sets.exported_at is 'Export time in its message header.';
comment on column held_sets.sequence is 'Sequence number in its message header.';
comment on table journal_positions is 'A row for each journal of a writer: how much of the stream of its pipe is in the tables.';
comment on column journal_positions.journal is 'Name of the journal, from the file journal-id in its folder.';
comment on column journal_positions.updated_at is 'When the latest batch was loaded.';
comment on column journal_positions.malformed_lines is 'Lines of the pipe that could not be read.';
comment on column journal_positions.report_lines is 'Lines of the pipe with a report of the collector.';
comment on column collector_reports.collector is 'One start of a collector.';
comment on column collector_reports.started_at is 'When it started.';
comment on column collector_reports.reported_at is 'When it last reported.';
comment on column collector_reports.received is 'Datagrams read from the sockets.';
comment on column collector_reports.forwarded is 'Datagrams written to the pipe.';
comment on column collector_reports.queue_dropped is 'Datagrams dropped by its queue, because the pipe was full for too long.';
comment on column collector_reports.kernel_dropped is 'Datagrams dropped at the receive buffers of the host; NULL: not known.';
comment on column collector_reports.final is 'Whether it stopped with this report.';
comment on column collector_reports.first_malformed is 'malformed_lines of the journal where it read the first report.';
comment on column collector_reports.last_read is 'datagram_lines of the journal where it read the latest report.';
comment on column collector_reports.last_malformed is 'malformed_lines of the journal there.';
comment on column collector_reports.last_report is 'report_lines of the journal there.';
comment on column collector_reports.last_lost_bytes is 'lost_bytes of the journal there.';
comment on column exporter_counts.journal is 'The pipeline: see journal_positions.';
comment on column exporter_counts.received is 'Datagrams, and malformed lines of the pipe.';
comment on column exporter_counts.decoded is 'Messages that were decoded.';
comment on column exporter_counts.held is 'Datagrams that wait for a template now.';
comment on column exporter_counts.expired is 'Datagrams of which at least one set was given up.';
comment on column exporter_counts.duplicates is 'Datagrams that came twice; stored once.';
comment on column exporter_counts.records is 'Flow records from the decoder.';
comment on column exporter_counts.stored is 'Rows in flows.';
comment on column exporter_counts.parked is 'Rows that the database refused.';
comment on column exporter_counts.not_stored is 'Records of disabled exporters.';
comment on column names.exporter is 'Address of the exporter.';
comment on column names.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column names.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column names.kind is 'interface, application or sampler.';
comment on column names.name is 'As the exporter sent it.';
comment on column rejected_datagrams.journal is 'The pipeline: see journal_positions.';
comment on column rejected_datagrams.exporter is 'Its address; NULL: not registered, or no datagram.';
comment on column rejected_datagrams.outcome is 'rejected: no message; refused: not taken by choice.';
comment on column rejected_datagrams.reason is 'Why.';
comment on column rejected_datagrams.datagrams is 'How many.';
comment on column rejected_records.id is 'Counts them.';
comment on column rejected_records.rejected_at is 'When the database refused it.';
comment on column rejected_records.received_at is 'When it was received.';
comment on column rejected_records.exporter is 'Address of the exporter.';
comment on column rejected_records.sqlstate is 'Kind of the error.';
comment on column rejected_records.reason is 'Message of the database.';
comment on column rejected_records.record is 'The row, as it should have been stored.';
comment on column samplers.exporter is 'Address of the exporter.';
comment on column samplers.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column samplers.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column samplers.sampling_rate is 'Packets that one counted packet stands for.';
comment on column samplers.status is 'confirmed; restored: the writer restarted since; unconfirmed: the exporter restarted since.';
comment on column sequence_gaps.exporter is 'Address of the exporter.';
comment on column sequence_gaps.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column sequence_gaps.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column sequence_gaps.id is 'Counts them.';
comment on column sequence_gaps.detected_at is 'When the gap was declared; in a merged row the beginning of the hour.';
comment on column sequence_gaps.expected is 'Number that should have come.';
comment on column sequence_gaps.received is 'Number that came.';
comment on column sequence_gaps.lost is 'Units lost between them.';
comment on column sequence_gaps.unit is 'What the numbers count.';
comment on table stream_history is 'The counters of exporter_streams at earlier times: an hour in steps of ten minutes, a day in hours. stream_day compares them with now.';
comment on column stream_history.taken_at is 'When they were noted.';
comment on column stream_history.exporter is 'Address of the exporter.';
comment on column stream_history.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column stream_history.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column stream_history.datagrams is 'exporter_streams.datagrams at that time.';
comment on column stream_history.flow_records is 'exporter_streams.flow_records at that time.';
comment on column stream_history.options_records is 'exporter_streams.options_records at that time.';
comment on column stream_history.lost is 'exporter_streams.lost at that time.';
comment on column stream_history.late is 'exporter_streams.late at that time.';
comment on column stream_history.duplicates is 'exporter_streams.duplicates at that time.';
comment on column stream_history.strays is 'exporter_streams.strays at that time.';
comment on column stream_history.restarts is 'exporter_streams.restarts at that time.';
comment on column stream_history.expired_sets is 'exporter_streams.expired_sets at that time.';
comment on column stream_history.malformed_sets is 'exporter_streams.malformed_sets at that time.';
comment on column stream_history.implausible_times is 'exporter_streams.implausible_times at that time.';
comment on column stream_history.flows_without_rate is 'exporter_streams.flows_without_rate at that time.';
comment on column stream_history.sequence_unit is 'exporter_streams.sequence_unit at that time.';
comment on column stream_losses.exporter is 'Address of the exporter.';
comment on column stream_losses.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column stream_losses.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column stream_losses.unit is 'What the sequence numbers counted.';
comment on column stream_losses.lost is 'Units lost on the way.';
comment on column stream_states.exporter is 'Address of the exporter.';
comment on column stream_states.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column stream_states.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column stream_states.journal is 'The pipeline: see journal_positions.';
comment on column stream_states.sequence_state is 'For the writer.';
comment on column templates.exporter is 'Address of the exporter.';
comment on column templates.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX.';
comment on column templates.observation_domain is 'Part of the exporter: engine of v5 to v8, source id of v9, observation domain of IPFIX; else 0.';
comment on column templates.template_id is 'Its number.';
comment on column templates.kind is 'flows or options.';
comment on column templates.first_seen is 'When its number was first defined.';
comment on column templates.defined_at is 'When this definition came.';
comment on column templates.redefinitions is 'How often its number got another definition.';
comment on column templates.definition_hash is 'Hash of the definition.';
comment on column templates.refresh_ms is 'Milliseconds from one announcement to the next, the shorter of the last two; NULL: not observed yet.';

-- Down Migration

drop index templates_sampler_idx, templates_nat_address_idx, templates_firewall_event_idx,
  templates_nat_event_idx;
alter table templates drop column refresh_ms;
drop table stream_history;
