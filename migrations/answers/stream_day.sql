-- The counters of a stream only grow. The growth of a day is that since the newest note of
-- stream_history that is a day old; else since the oldest note; a new stream began at 0.
create or replace view stream_day as
select
  exporter,
  export_version,
  observation_domain,
  since,
  greatest(extract(epoch from now() - since), 1) as seconds,
  datagrams,
  flow_records,
  options_records,
  lost,
  round(100 * lost / nullif(lost + counted, 0), 4) as lost_percent,
  round(100 * lost_ever / nullif(lost_ever + counted_ever, 0), 4) as lost_percent_ever,
  late,
  duplicates,
  strays,
  restarts,
  expired_sets,
  malformed_sets,
  implausible_times,
  flows_without_rate,
  greatest(extract(epoch from now() - recent_since), 1) as recent_seconds,
  recent_datagrams,
  recent_flow_records
from (
  select
    stream.exporter,
    stream.export_version,
    stream.observation_domain,
    case when day.taken_at is null then stream.first_seen
      else greatest(day.taken_at, now() - interval '1 day 70 minutes') end as since,
    stream.datagrams - coalesce(day.datagrams, 0) as datagrams,
    stream.flow_records - coalesce(day.flow_records, 0) as flow_records,
    stream.options_records - coalesce(day.options_records, 0) as options_records,
    case when day.taken_at is null or day.sequence_unit = stream.sequence_unit
      then greatest(stream.lost::numeric - coalesce(day.lost, 0), 0) end as lost,
    case stream.sequence_unit
      when 'datagrams' then stream.datagrams - coalesce(day.datagrams, 0)
      when 'flows' then stream.flow_records - coalesce(day.flow_records, 0)
      when 'bidirectional-flows' then stream.flow_records - coalesce(day.flow_records, 0)
      when 'sets' then null
      else stream.flow_records - coalesce(day.flow_records, 0)
        + stream.options_records - coalesce(day.options_records, 0)
    end::numeric as counted,
    stream.lost::numeric as lost_ever,
    case stream.sequence_unit
      when 'datagrams' then stream.datagrams
      when 'flows' then stream.flow_records
      when 'bidirectional-flows' then stream.flow_records
      when 'sets' then null
      else stream.flow_records + stream.options_records
    end::numeric as counted_ever,
    stream.late - coalesce(day.late, 0) as late,
    stream.duplicates - coalesce(day.duplicates, 0) as duplicates,
    stream.strays - coalesce(day.strays, 0) as strays,
    stream.restarts - coalesce(day.restarts, 0) as restarts,
    stream.expired_sets - coalesce(day.expired_sets, 0) as expired_sets,
    stream.malformed_sets - coalesce(day.malformed_sets, 0) as malformed_sets,
    stream.implausible_times - coalesce(day.implausible_times, 0) as implausible_times,
    stream.flows_without_rate - coalesce(day.flows_without_rate, 0) as flows_without_rate,
    -- A stream that was silent has no recent note.
    case when recent.taken_at is null then stream.first_seen
      else greatest(recent.taken_at, now() - interval '15 minutes') end as recent_since,
    stream.datagrams - coalesce(recent.datagrams, 0) as recent_datagrams,
    stream.flow_records - coalesce(recent.flow_records, 0) as recent_flow_records
  from exporter_streams as stream
  left join lateral (
    select * from (
      (select * from stream_history as history
      where history.exporter = stream.exporter and history.export_version = stream.export_version
        and history.observation_domain = stream.observation_domain
        and taken_at <= now() - interval '1 day'
      order by taken_at desc limit 1)
      union all
      (select * from stream_history as history
      where history.exporter = stream.exporter and history.export_version = stream.export_version
        and history.observation_domain = stream.observation_domain
        and stream.first_seen < now() - interval '1 day'
      order by taken_at limit 1)
    ) as notes
    order by taken_at > now() - interval '1 day', taken_at desc limit 1
  ) as day on true
  left join lateral (
    select * from stream_history as history
    where history.exporter = stream.exporter and history.export_version = stream.export_version
      and history.observation_domain = stream.observation_domain
      and taken_at <= now() - interval '1 minute'
    order by taken_at desc limit 1
  ) as recent on true
) as growth;
comment on view stream_day is 'What the counters of a stream have grown by in the last day, and most recently.';
comment on column stream_day.exporter is 'Address of the exporter.';
comment on column stream_day.export_version is 'Version of the protocol.';
comment on column stream_day.observation_domain is 'Part of the exporter.';
comment on column stream_day.since is 'From when on the counters are counted here: about a day ago, or later for a new stream.';
comment on column stream_day.seconds is 'Seconds since then.';
comment on column stream_day.datagrams is 'Messages decoded.';
comment on column stream_day.flow_records is 'Flow records decoded.';
comment on column stream_day.options_records is 'Options records decoded.';
comment on column stream_day.lost is 'Units lost on the way, in exporter_streams.sequence_unit; NULL: not known, or another unit a day ago.';
comment on column stream_day.lost_percent is 'Of the units sent: lost and received.';
comment on column stream_day.lost_percent_ever is 'The same since the stream is known.';
comment on column stream_day.late is 'Datagrams out of order.';
comment on column stream_day.duplicates is 'Datagrams that came again; stored once.';
comment on column stream_day.strays is 'Datagrams whose numbers continue nothing.';
comment on column stream_day.restarts is 'Restarts of the exporter.';
comment on column stream_day.expired_sets is 'Data sets given up, as their template never came.';
comment on column stream_day.malformed_sets is 'Sets that could not be read.';
comment on column stream_day.implausible_times is 'Flows with times far from their receipt.';
comment on column stream_day.flows_without_rate is 'Flows stored without a sampling rate.';
comment on column stream_day.recent_seconds is 'Seconds that the next two columns cover, at most about fifteen minutes.';
comment on column stream_day.recent_datagrams is 'Messages decoded in them.';
comment on column stream_day.recent_flow_records is 'Flow records decoded in them.';
