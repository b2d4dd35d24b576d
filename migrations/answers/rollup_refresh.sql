-- needs: flow_partitions

create or replace function rollup_refresh(since timestamptz, until timestamptz) returns bigint
language plpgsql volatile
set search_path from current set timezone = 'UTC'
as $$
declare
  listed bigint;
  settled timestamptz := (select settled_until from rollup_state);
  -- Partitions are made ahead of time.
  newest timestamptz := greatest(now(), (select max(received_at) from flows where received_at > now()));
begin
  insert into rollup_dirty (level, bucket)
  select 0, minute
  from flow_partitions as partitions
  cross join lateral (
    select greatest(partitions.since, rollup_refresh.since, settled, '1970-01-01Z') as first,
      least(partitions.until, rollup_refresh.until, '2200-01-01Z') as after
  ) as part
  cross join generate_series(date_bin('1 minute', first, '2000-01-03Z'), after, interval '1 minute') as minute
  where first < after and minute < after and minute <= newest;
  get diagnostics listed = row_count;
  return listed;
end
$$;
comment on function rollup_refresh is 'Lists the minutes of a range, so that the rollups are computed again: after rows of flows were changed or deleted by hand. Returns their number. Answers are exact at once; they read flows until then.';
