-- needs: relation_bytes

-- A node of a cluster can join its own catalog only with rows that were read before.
create or replace view rollup_status as
with state as materialized (
  select * from rollup_state
),
listed as materialized (
  select level, count(distinct bucket) as buckets, min(bucket) as oldest
  from rollup_dirty group by level
)
select
  levels.name as level,
  coalesce(listed.buckets, 0) as dirty,
  listed.oldest as oldest_dirty,
  case when listed.oldest is null then interval '0'
    else greatest(now() - listed.oldest - levels.width, interval '0') end as lag,
  levels.complete_since,
  levels.lists_since,
  state.settled_until,
  state.rows_too_late,
  greatest(relation.reltuples, 0)::bigint as estimated_rows,
  relation_bytes(relation.oid) as total_bytes
from state
cross join lateral (
  values
    (0, 'minute', interval '1 minute', 'rollup_minute'::regclass, state.minutes_since, null),
    (1, 'hour', interval '1 hour', 'rollup_hour'::regclass, state.hours_since, state.hour_lists_since),
    (2, 'day', interval '1 day', 'rollup_day'::regclass, state.days_since, state.day_lists_since)
) as levels (number, name, width, relation, complete_since, lists_since)
join pg_class as relation on relation.oid = levels.relation
left join listed on listed.level = levels.number
order by levels.number;
comment on view rollup_status is 'How far the rollups are, a row for each level. While something is dirty, answers read flows instead: they are exact, and slower.';
comment on column rollup_status.level is 'minute, hour or day.';
comment on column rollup_status.dirty is 'Minutes, hours or days that are not computed yet. The open ones are always among them.';
comment on column rollup_status.oldest_dirty is 'The oldest of them.';
comment on column rollup_status.lag is 'How long ago that one ended.';
comment on column rollup_status.complete_since is 'The level has everything from here on; -infinity: nothing was deleted.';
comment on column rollup_status.lists_since is 'The same of its lists of greatest values; infinity: they are off.';
comment on column rollup_status.settled_until is 'Flows before were dropped by retention: the rollups before are final.';
comment on column rollup_status.rows_too_late is 'Entries of late rows that came when the other flows of their day were dropped: the rollups do not have them.';
comment on column rollup_status.estimated_rows is 'Rows, as the statistics estimate.';
comment on column rollup_status.total_bytes is 'On disk, with indexes.';
