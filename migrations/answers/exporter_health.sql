-- needs: stream_day stream_sampling

create or replace view exporter_health as
with health as (
  select
    exporters.*,
    stream.export_version,
    stream.observation_domain,
    stream.last_seen as stream_last_seen,
    stream.sequence_unit,
    stream.lost,
    stream.clock_skew_ms,
    stream.last_template_at,
    stream.suggested_byte_order,
    stream.datagrams as datagrams_ever,
    stream.flow_records as flow_records_ever,
    stream.flows_without_rate as flows_without_rate_ever,
    day.since as day_since,
    day.seconds,
    day.datagrams,
    day.flow_records,
    day.lost as lost_day,
    day.lost_percent,
    day.lost_percent_ever,
    day.duplicates,
    day.strays,
    day.restarts,
    day.expired_sets,
    day.malformed_sets,
    day.implausible_times,
    day.flows_without_rate,
    day.recent_seconds,
    day.recent_datagrams,
    day.recent_flow_records,
    sampling.rates as sampling_rates,
    sampling.source as sampling_source,
    template.*,
    waiting.sets as waiting_sets,
    other_version.version as other_version,
    max(stream.last_seen) over (partition by exporters.address) as exporter_last_seen
  from exporters
  left join exporter_streams as stream on stream.exporter = exporters.address
  left join stream_day as day on day.exporter = stream.exporter
    and day.export_version = stream.export_version
    and day.observation_domain = stream.observation_domain
  left join stream_sampling as sampling on sampling.exporter = stream.exporter
    and sampling.export_version = stream.export_version
    and sampling.observation_domain = stream.observation_domain
  left join lateral (
    select count(*) as templates,
      interval '1 millisecond' * max(refresh_ms) as template_refresh,
      max(redefinitions) filter (where defined_at > now() - interval '1 day') as redefinitions,
      (array_agg(template_id order by redefinitions desc)
        filter (where defined_at > now() - interval '1 day'))[1] as redefined_template
    from templates
    where templates.exporter = stream.exporter and templates.export_version = stream.export_version
      and templates.observation_domain = stream.observation_domain
  ) as template on true
  left join lateral (
    select count(*) as sets from held_sets
    where held_sets.exporter = stream.exporter and held_sets.export_version = stream.export_version
      and held_sets.observation_domain = stream.observation_domain
      and held_sets.received_at < now() - interval '1 minute'
  ) as waiting on true
  left join lateral (
    select min(other.export_version) as version from exporter_streams as other
    where other.exporter = stream.exporter and other.export_version <> stream.export_version
      and other.flow_records > 0 and other.last_seen > now() - interval '15 minutes'
  ) as other_version on true
),
-- Enough to see how exporters fill their flows, however many they send. The upper bound makes the
-- planner expect few rows, so it does not read a partition from its beginning.
recent_flows as materialized (
  select exporter, export_version, observation_domain, direction, protocol, src_addr, src_port,
    dst_addr, dst_port, coalesce(extra -> 'samplerId', extra -> 'selectorId') as sampler
  from flows
  where received_at > now() - interval '5 minutes' and received_at <= now() + interval '1 minute'
  limit 20000
),
doubled as materialized (
  select exporter, count(*) as flows
  from (
    select exporter from recent_flows where direction is not null
    group by exporter, protocol, src_addr, src_port, dst_addr, dst_port
    having count(distinct direction) = 2
  ) as both_directions
  group by exporter
),
refused as materialized (
  select exporter, count(*) as records from rejected_records
  where rejected_at > now() - interval '1 day' group by exporter
),
rejected as materialized (
  select exporter, sum(datagrams) as datagrams, string_agg(distinct reason, ', ') as reasons
  from rejected_datagrams where outcome = 'rejected' group by exporter
),
host as materialized (
  select sum(kernel_dropped) as kernel_dropped, sum(queue_dropped) as queue_dropped
  from collector_reports where reported_at > now() - interval '1 day'
)
select
  health.address as exporter,
  health.name as exporter_name,
  health.export_version,
  health.observation_domain,
  health.enabled,
  coalesce(stream_last_seen, health.last_seen) as last_seen,
  now() - coalesce(stream_last_seen, health.last_seen) as silent_for,
  round(recent_datagrams / recent_seconds, 2) as datagrams_per_second,
  round(recent_flow_records / recent_seconds, 2) as flows_per_second,
  round(health.datagrams / seconds, 2) as datagrams_per_second_day,
  round(health.flow_records / seconds, 2) as flows_per_second_day,
  day_since,
  sequence_unit,
  lost_day,
  lost_percent as loss_percent_day,
  lost,
  lost_percent_ever as loss_percent,
  array_remove(array[
    case when lost_day > 0 then format('%s %s on the way', lost_day, sequence_unit) end,
    case when host.kernel_dropped > 0 then
      format('%s datagrams of all exporters at the receive buffer of this host', host.kernel_dropped) end,
    case when host.queue_dropped > 0 then
      format('%s datagrams of all exporters by the queue of the collector', host.queue_dropped) end,
    case when expired_sets > 0 then format('%s data sets without their template', expired_sets) end,
    case when malformed_sets > 0 then format('%s sets that could not be read', malformed_sets) end,
    case when refused.records > 0 then
      format('%s records that the database refused', refused.records) end
  ], null) as loss_causes,
  interval '1 millisecond' * clock_skew_ms as clock_skew,
  templates,
  last_template_at,
  template_refresh,
  last_template_at + template_refresh as next_template_due,
  sampling_rates,
  sampling_source,
  array_remove(array[
    case when health.export_version is null and health.last_seen is null then
      'Nothing has been received from it yet: check its target address and port, and the firewall.' end,
    case when not health.enabled then format(
      'Its flows are not stored. To store them: update exporters set enabled = true where address = ''%s'';',
      host(health.address)) end,
    case when exporter_last_seen = stream_last_seen and now() - stream_last_seen
        > greatest(interval '15 minutes',
            least(interval '10 seconds' * seconds / greatest(health.datagrams, 1), interval '1 day'))
      then format('Nothing has been received since %s: check the exporter, its target and the network.',
        date_trunc('second', stream_last_seen)) end,
    case when lost_percent >= 0.1 then format(
      '%s %% of its %s were lost in the last day: look for drops on the way, and at the exporter''s own limits.',
      round(lost_percent, 2), sequence_unit) end,
    case when lost_day > 0 and host.kernel_dropped > 0 then
      'This host drops datagrams before they are read: raise net.core.rmem_max, or give the collector more CPU.' end,
    case when lost_day > 0 and host.queue_dropped > 0 then
      'The collector''s queue drops datagrams, as the writer is too slow or away: look at its log and at the journal.' end,
    case when sequence_unit = 'none' and sequence_check = 'auto' and health.export_version <> 1
        and datagrams_ever >= 64 then format(
      'Its sequence numbers fit no known unit, so its loss is not known. If you know the unit: update exporters set sequence_check = ''…'' where address = ''%s'';',
      host(health.address)) end,
    case when strays >= 10 and strays > health.datagrams / 100 then format(
      'Datagrams of the last day that continue none of its numberings: %s. A second exporter uses its address, or somebody forges it: find the other sender.',
      strays) end,
    case when duplicates >= 10 and duplicates > health.datagrams / 100 then format(
      'Datagrams of the last day that came twice, and were stored once: %s. Look for a relay or mirror port that doubles them.',
      duplicates) end,
    case when restarts >= 5 then format(
      'It restarted its export %s times in the last day: look at its log, and whether several exporters share its address.',
      restarts) end,
    case when waiting_sets > 0 then format(
      'Data sets that wait for their template: %s. Let it send templates every few minutes, and all that it uses.',
      waiting_sets) end,
    case when expired_sets > 0 then format(
      'Data sets given up in the last day, as their template never came: %s. Let it send templates at least every ten minutes.',
      expired_sets) end,
    case when template_refresh > interval '31 minutes' then format(
      'It sends its templates every %s only: after a change, flows wait for as long. Set the refresh to ten minutes or less.',
      date_trunc('second', template_refresh)) end,
    case when template_refresh > interval '0' and stream_last_seen > now() - interval '5 minutes'
        and now() > last_template_at + 3 * template_refresh + interval '10 minutes' then format(
      'Its templates came every %s, but the last one came at %s: check whether it still sends them.',
      date_trunc('second', template_refresh), date_trunc('second', last_template_at)) end,
    case when redefinitions >= 10 then format(
      'It keeps changing template %s (%s times): several exporters share its address. Give each its own address or source id.',
      redefined_template, redefinitions) end,
    case when malformed_sets > 0 then format(
      'Sets of the last day that could not be read: %s. Update the exporter, or report a capture of them.',
      malformed_sets) end,
    case when rejected.datagrams > coalesce(datagrams_ever, 0) / 100 then format(
      'Datagrams from its address that are no NetFlow message: %s (%s). Check what else sends to this port.',
      rejected.datagrams, rejected.reasons) end,
    case when refused.records > 0 then format(
      'Records of the last day that the database refused: %s. See rejected_records for the reason.',
      refused.records) end,
    case when abs(clock_skew_ms) >= 10000 then format(
      'Its clock is %s %s: set it by NTP. Flow times are stored as sent; received_at is right.',
      date_trunc('second', interval '1 millisecond' * abs(clock_skew_ms)),
      case when clock_skew_ms > 0 then 'slow' else 'fast' end) end,
    case when implausible_times > 0 and coalesce(abs(clock_skew_ms), 0) < 10000 then format(
      'Flows of the last day with times far from their receipt: %s. Check its time zone and uptime, and ask by received_at.',
      implausible_times) end,
    case when suggested_byte_order = 'little' and sampling_byte_order <> 'little' then format(
      'Its sampling rates seem to come with the low byte first. If so: update exporters set sampling_byte_order = ''little'' where address = ''%s'';',
      host(health.address)) end,
    case when sampling_source = 'unknown' and flows_without_rate > 0 and exists (
        select from templates
        where templates.exporter = health.address and templates.export_version = health.export_version
          and templates.observation_domain = health.observation_domain
          and fields @? 'strict $[*] ? (@[0] == 0 && (@[1] == 48 || @[1] == 302))'
      ) and exists (
        select from recent_flows as flow
        where flow.exporter = health.address and flow.export_version = health.export_version
          and flow.observation_domain = health.observation_domain and flow.sampler <> '0'
      ) then format(
      'Its flows name a sampler, but no rate is known, so its bytes may be too small. Let it send its sampler options, or: update exporters set sampling_default = … where address = ''%s'';',
      host(health.address)) end,
    case when flows_without_rate > 0 and sampling_source <> 'unknown'
        and coalesce(sampling_rates, '') <> '1' then format(
      'Flows of the last day that were stored before its sampling rate was known: %s. They count as unsampled; later flows are right.',
      flows_without_rate) end,
    case when doubled.flows >= 10 then
      'It exports flows on the way in and on the way out, so sums count them twice: export one direction, or ask for one.' end,
    case when other_version is not null and health.flow_records_ever > 0
        and stream_last_seen > now() - interval '15 minutes' then format(
      'It sends version %s and version %s at once. If both describe the same traffic, sums count it twice: switch one off.',
      least(health.export_version, other_version), greatest(health.export_version, other_version)) end
  ], null) as advice
from health
cross join host
left join refused on refused.exporter = health.address
left join rejected on rejected.exporter = health.address
left join doubled on doubled.exporter = health.address;
comment on view exporter_health is 'How each stream of each exporter is doing, with advice. Rates and losses of the day come from stream_history.';
comment on column exporter_health.exporter is 'Address of the exporter.';
comment on column exporter_health.exporter_name is 'exporters.name, which an operator sets.';
comment on column exporter_health.export_version is 'Version of the protocol: 1, 5 to 9, or 10 for IPFIX; NULL: nothing was received yet.';
comment on column exporter_health.observation_domain is 'Part of the exporter: engine, source id or observation domain.';
comment on column exporter_health.enabled is 'Whether its flows are stored.';
comment on column exporter_health.last_seen is 'When its last datagram was received.';
comment on column exporter_health.silent_for is 'How long ago that was.';
comment on column exporter_health.datagrams_per_second is 'Mean of the last minutes, at most a quarter of an hour.';
comment on column exporter_health.flows_per_second is 'Mean of the last minutes, at most a quarter of an hour.';
comment on column exporter_health.datagrams_per_second_day is 'Mean since day_since.';
comment on column exporter_health.flows_per_second_day is 'Mean since day_since.';
comment on column exporter_health.day_since is 'From when on the columns of the day count: about a day ago, or later for a new stream.';
comment on column exporter_health.sequence_unit is 'What its sequence numbers count, and its losses.';
comment on column exporter_health.lost_day is 'Units lost on the way in the day; NULL: not known.';
comment on column exporter_health.loss_percent_day is 'Of the units that it sent in the day.';
comment on column exporter_health.lost is 'Units lost on the way since the stream is known; NULL: not known.';
comment on column exporter_health.loss_percent is 'Of the units that it sent since the stream is known.';
comment on column exporter_health.loss_causes is 'What is missing in the day, by cause; this hosts drops since the start of its collector.';
comment on column exporter_health.clock_skew is 'Its clock is slow by this much, including the way; negative: fast.';
comment on column exporter_health.templates is 'How many templates it has defined.';
comment on column exporter_health.last_template_at is 'When it last sent a template.';
comment on column exporter_health.template_refresh is 'The longest time between two announcements of a template; NULL: not observed yet.';
comment on column exporter_health.next_template_due is 'When the next templates should come.';
comment on column exporter_health.sampling_rates is 'The rates that apply now; NULL: none is known, or each record has its own.';
comment on column exporter_health.sampling_source is 'Where the rates come from: elements of options data, message header, in the records, set in exporters, or unknown.';
comment on column exporter_health.advice is 'What is wrong, and what to do; empty: nothing.';
