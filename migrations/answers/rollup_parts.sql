-- Which level of the rollups answers which part of a range: the coarsest that is complete there, and
-- flows (raw) for the rest. All of it is seen in one snapshot, so each flow counts once.
create or replace function rollup_parts(
  since timestamptz, until timestamptz, levels smallint[],
  lists boolean default false, prefixes boolean default false)
returns table (source text, part_since timestamptz, part_until timestamptz)
language plpgsql stable parallel safe rows 4
set search_path from current set timezone = 'UTC'
as $$
declare
  names constant text[] := array['minute', 'hour', 'day'];
  widths constant interval[] := array['1 minute', '1 hour', '1 day'];
  origin constant timestamptz := '2000-01-03Z';
  -- More branches take longer to plan than flows of a whole hour to read.
  max_parts constant integer := 32;
  state rollup_state;
  complete tstzmultirange;
  usable tstzmultirange;
  -- The parts that each level answers, and those that are left.
  taken tstzmultirange[] := array['{}', '{}', '{}'];
  rest tstzmultirange;
  width interval;
begin
  if since is null or until is null then
    raise exception 'a range has two ends: since and until' using errcode = 'null_value_not_allowed';
  end if;
  since := greatest(since, '1970-01-01Z');
  until := least(until, '2200-01-01Z');
  if since >= until then return; end if;
  select * into strict state from rollup_state;
  rest := tstzmultirange(tstzrange(since, until));
  if coalesce(current_setting('netflow.rollups', true), '') in ('off', 'false', 'no', '0') then
    levels := '{}';
  end if;
  for number in reverse 2..0 loop
    continue when not number = any(levels);
    width := widths[number + 1];
    complete := tstzmultirange(tstzrange(
      greatest(
        (array[state.minutes_since, state.hours_since, state.days_since])[number + 1],
        case when lists then (array['infinity', state.hour_lists_since, state.day_lists_since])[number + 1] end),
      null));
    if prefixes then
      -- Rollups from before a change of prefixes do not fit: flows answer, unless they are dropped.
      -- The clocks of collector, writer and server may differ by minutes.
      complete := complete * (
        tstzmultirange(tstzrange(null, state.settled_until))
        + tstzmultirange(tstzrange((select max(changed_at) + interval '10 minutes' from prefix_changes), null)));
    end if;
    select range_agg(tstzrange(first, after)) into usable
    from unnest(rest * complete) as part
    cross join lateral (
      select date_bin(width, lower(part) + width - interval '1 microsecond', origin) as first,
        date_bin(width, upper(part), origin) as after
    ) as aligned
    where first < after;
    continue when usable is null;
    usable := usable - coalesce((
      select range_agg(tstzrange(bucket, bucket + width))
      from (
        select distinct date_bin(width, dirty.bucket, origin) as bucket
        from rollup_dirty as dirty
        where dirty.level <= number and dirty.bucket >= state.settled_until
          and dirty.bucket > since - width and dirty.bucket < until
      ) as dirty
    ), '{}');
    taken[number + 1] := usable;
    rest := rest - usable;
  end loop;
  -- Flows answer whatever they hold, so parts that are cut into pieces are joined.
  if (select count(*) from unnest(rest)) > max_parts then
    rest := (
      select range_agg(tstzrange(date_bin('1 hour', lower(part), origin),
        date_bin('1 hour', upper(part) + interval '1 hour' - interval '1 microsecond', origin)))
      from unnest(rest) as part);
    if (select count(*) from unnest(rest)) > max_parts then
      rest := tstzmultirange(range_merge(rest));
    end if;
    rest := rest * tstzmultirange(tstzrange(greatest(since, state.settled_until), until));
  end if;
  if levels <> '{}' and lower(rest) < state.settled_until then
    raise notice 'flows before % are dropped, and no rollup holds % to %: the answer is without them',
      state.settled_until, lower(rest), least(upper(rest), state.settled_until);
  end if;
  for number in 0..2 loop
    return query
    select names[number + 1], lower(part), upper(part) from unnest(taken[number + 1] - rest) as part;
  end loop;
  return query select 'raw', lower(part), upper(part) from unnest(rest) as part;
end
$$;
comment on function rollup_parts is 'Which level of the rollups, or raw for flows, answers which part of a range. Exact at every moment.';
