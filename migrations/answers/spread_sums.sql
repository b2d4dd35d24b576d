-- needs: flow_key traffic_bin prefix_flows

-- As flow_sums, but each flow counts in all bins that it covers, in proportion to the time. A bin
-- gets the difference of two rounded sums, so the bins of a flow add up to it exactly: with floating
-- point, an hour lacked 9 kB of 4 TB. The flow itself counts where it begins.
create or replace function spread_sums(
  since timestamptz, until timestamptz, by text, step interval)
returns text
language plpgsql stable parallel safe
set search_path from current set timezone = 'UTC'
as $$
declare
  by_key record;
  -- A flow is exported 30 minutes after its beginning at the latest, unless a router is set up otherwise.
  wait constant interval := '35 minutes';
  bin text := (select expression from traffic_bin(step));
begin
  select * into strict by_key from flow_key(by);
  if since is null or until is null then
    raise exception 'a range has two ends: since and until' using errcode = 'null_value_not_allowed';
  end if;
  if until - since > step * 100000 then
    raise exception 'more than 100000 bins: choose a longer step' using errcode = 'invalid_parameter_value';
  end if;
  return format(
    $sql$
    select bin, coalesce(%s, '') as key, bytes, packets, flows, 0 as covered,
      case when bin + %L::interval > now() - %L::interval then 4 else 0 end as source
    from (
      select bin, %s as k1, %s as k2, sum(rate * (
          case when length = 0 then bytes
            else div(bytes * done_after, length) - div(bytes * done_before, length) end)) as bytes,
        sum(rate * (case when length = 0 then packets
            else div(packets * done_after, length) - div(packets * done_before, length) end)) as packets,
        count(*) filter (where began >= bin and began >= since) as flows
      from (
        select timed.*, bin, since,
          extract(epoch from greatest(bin, since, began) - began) * 1000000 as done_before,
          extract(epoch from least(bin + %L::interval, until, ended) - began) * 1000000 as done_after
        from (
          select *, coalesce(sampling_rate, 1)::numeric as rate,
            extract(epoch from ended - began) * 1000000 as length
          from (
            select *, least(flow_start, flow_end, case when flow_start is null and flow_end is null
                then received_at end) as began,
              coalesce(greatest(flow_start, flow_end), received_at) as ended
            from %s
            where received_at >= %L and received_at < %L
          ) as flow
        ) as timed
        cross join (values (%L::timestamptz, %L::timestamptz)) as range (since, until)
        cross join lateral generate_series(
          %s, least(greatest(ended - interval '1 microsecond', began), until - interval '1 microsecond'), %L
        ) as bin
        where began < until and (ended > since or began >= since)
      ) as flow %s
      group by 1, 2, 3
    ) as shares
    $sql$,
    by_key.key_text, step, wait,
    coalesce(by_key.flow_values[1], 'null::text'), coalesce(by_key.flow_values[2], 'null::text'),
    step, by_key.relation, since - wait, until + wait, since, until,
    replace(bin, ' at,', ' greatest(began, since),'), step, by_key.ends);
end
$$;
comment on function spread_sums is 'The text of the query for sums by bin and key that traffic() runs when it spreads flows.';
