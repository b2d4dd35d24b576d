-- needs: traffic_bin

-- The counters of a stream only grow, and stream_history has them at earlier times. A bin counts the
-- difference between its edges. Between two notes, counters grow in proportion to the time: so the sum of
-- all bins is exact.
create or replace function loss_ledger(
  since timestamptz, until timestamptz, step interval default null)
returns table (
  bucket timestamptz, exporter inet, export_version smallint, observation_domain bigint,
  expected numeric, received numeric, lost numeric, late numeric, duplicates numeric, unit text,
  cause text, coverage numeric)
language plpgsql stable parallel safe rows 1000
set search_path from current set timezone = 'UTC' set jit = off
as $$
#variable_conflict use_column
declare
  edges timestamptz[];
  -- Whether this host has dropped datagrams, ever: their gaps look like those of the network.
  has_drops boolean;
  gaps_since timestamptz;
  -- The first bin begins where the caller asked.
  first_bucket timestamptz := since;
begin
  if since is null or until is null or since >= until then return; end if;
  since := greatest(since, (select min(first_seen) from exporter_streams));
  until := least(until, greatest((select max(last_seen) from exporter_streams), now()) + interval '1 microsecond');
  edges := array[since];
  if step is not null then
    if until - since > step * 100000 then
      raise exception 'more than 100000 bins: choose a longer step' using errcode = 'invalid_parameter_value';
    end if;
    execute 'select ' || replace((select expression from traffic_bin(step)), ' at,', ' $1,')
      into first_bucket using since;
    edges := edges || array(
      select edge from generate_series(first_bucket, until, step) as edge where edge > since and edge < until);
  end if;
  edges := edges || until;
  has_drops := exists (
    select from collector_reports where coalesce(kernel_dropped, 0) > 0 or queue_dropped > 0);
  gaps_since := (select settled_until from rollup_state);
  return query
  with streams as materialized (
    select * from exporter_streams where first_seen < until and last_seen >= since
  ),
  points as (
    select exporter, export_version, observation_domain, taken_at as at, false as is_edge,
      history.datagrams, history.flow_records, history.options_records, history.late, history.duplicates, history.lost
    from stream_history as history
    where (exporter, export_version, observation_domain) in (select exporter, export_version, observation_domain from streams)
    union all
    select exporter, export_version, observation_domain, first_seen, false, 0, 0, 0, 0, 0, 0 from streams
    union all
    select exporter, export_version, observation_domain, last_seen, false, datagrams, flow_records, options_records, late, duplicates, lost from streams
    union all
    select exporter, export_version, observation_domain, edge, true, null, null, null, null, null, null
    from streams cross join unnest(edges) as edge
  ),
  neighbours as (
    select exporter, export_version, observation_domain, at, is_edge,
      extract(epoch from max(at) filter (where not is_edge) over before) as at_before,
      extract(epoch from min(at) filter (where not is_edge) over after) as at_after,
      coalesce(max(datagrams) over before, 0) as datagrams_before,
      min(datagrams) over after as datagrams_after,
      coalesce(max(flow_records) over before, 0) as flow_records_before,
      min(flow_records) over after as flow_records_after,
      coalesce(max(options_records) over before, 0) as options_records_before,
      min(options_records) over after as options_records_after,
      coalesce(max(late) over before, 0) as late_before,
      min(late) over after as late_after,
      coalesce(max(duplicates) over before, 0) as duplicates_before,
      min(duplicates) over after as duplicates_after,
      coalesce(max(lost) over before, 0) as lost_before,
      min(lost) over after as lost_after
    from points
    window before as (partition by exporter, export_version, observation_domain order by at rows between unbounded preceding and current row),
      after as (partition by exporter, export_version, observation_domain order by at rows between current row and unbounded following)
  ),
  counters as (
    select exporter, export_version, observation_domain, at,
      round(datagrams_before + coalesce((datagrams_after - datagrams_before) * share, 0)) as datagrams,
      round(flow_records_before + coalesce((flow_records_after - flow_records_before) * share, 0)) as flow_records,
      round(options_records_before + coalesce((options_records_after - options_records_before) * share, 0)) as options_records,
      round(late_before + coalesce((late_after - late_before) * share, 0)) as late,
      round(duplicates_before + coalesce((duplicates_after - duplicates_before) * share, 0)) as duplicates,
      round(lost_before + coalesce((lost_after - lost_before) * share, 0)) as lost
    from (
      select *, case when at_after > at_before
        then (extract(epoch from at) - at_before) / (at_after - at_before) else 0 end as share
      from neighbours where is_edge
    ) as shared
  ),
  growth as (
    select exporter, export_version, observation_domain, lag(at) over edges as bucket, at as after,
      datagrams - lag(datagrams) over edges as datagrams,
      flow_records - lag(flow_records) over edges as flow_records,
      options_records - lag(options_records) over edges as options_records,
      late - lag(late) over edges as late,
      duplicates - lag(duplicates) over edges as duplicates,
      lost - lag(lost) over edges as lost
    from counters
    window edges as (partition by exporter, export_version, observation_domain order by at)
  ),
  gaps as (
    select exporter, export_version, observation_domain, unit, (
        -- The last edge at or before the gap.
        edges[width_bucket(detected_at, edges)]) as bucket,
      sum(lost)::numeric as lost
    from sequence_gaps
    where detected_at >= since and detected_at < until and retracted_at is null
    group by 1, 2, 3, 4, 5
  ),
  bins as (
    select exporter, export_version, observation_domain, growth.bucket, sequence_unit as unit, growth.late, growth.duplicates,
      case sequence_unit
        when 'datagrams' then growth.datagrams
        when 'flows' then growth.flow_records
        when 'bidirectional-flows' then growth.flow_records
        when 'sets' then null
        when 'none' then growth.datagrams
        else growth.flow_records + growth.options_records end as received,
      case when streams.lost is null then null
        when growth.bucket >= gaps_since then 0
        else growth.lost end as lost
    from growth join streams using (exporter, export_version, observation_domain)
    where growth.bucket is not null
      -- A short bin may have a share of the flows, but of no datagram.
      and (growth.datagrams > 0 or growth.flow_records > 0 or growth.options_records > 0
        or growth.late > 0 or growth.duplicates > 0 or growth.lost > 0
        or (exporter, export_version, observation_domain, growth.bucket) in (select exporter, export_version, observation_domain, bucket from gaps))
  ),
  ledger as (
    select exporter, export_version, observation_domain, bucket, unit, received, coalesce(gaps.lost, bins.lost) as lost, bins.late, bins.duplicates
    from bins full join gaps using (exporter, export_version, observation_domain, bucket, unit)
  )
  select case bucket when since then first_bucket else bucket end, exporter, export_version,
    observation_domain, received + lost, received, lost, late,
    duplicates, unit,
    case when lost is null then 'unknown'
      when lost = 0 then null
      when has_drops then 'network or this host'
      else 'network' end,
    round(100 * received / nullif(received + lost, 0), 4)
  from ledger
  order by bucket, exporter, export_version, observation_domain, unit;
end
$$;
comment on function loss_ledger is 'What was received and lost by time and stream, in the unit that the stream counts; coverage is the share that was received, in percent. lost is NULL where it is not knowable. cause: network; network or this host: its collector has dropped datagrams, too.';
