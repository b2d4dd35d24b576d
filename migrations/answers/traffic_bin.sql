-- How times are put into bins of a step: an expression over "at", and the levels of the rollups whose
-- buckets lie in one bin each. Bins are aligned to UTC: weeks begin on Mondays.
create or replace function traffic_bin(step interval, out expression text, out levels smallint[])
language plpgsql immutable parallel safe
as $$
declare
  months constant integer := extract(year from step) * 12 + extract(month from step);
  seconds constant numeric := extract(epoch from step);
  -- Hours do not become days, nor days months.
  is_calendar constant boolean := months <> 0;
begin
  if step is null or seconds <= 0 then
    raise exception 'a step must be longer than nothing: %', step using errcode = 'invalid_parameter_value';
  end if;
  if is_calendar then
    if step <> make_interval(months => months) or months not in (1, 3, 12) then
      raise exception 'a step of months is 1 month, 3 months or 1 year: %', step
        using errcode = 'invalid_parameter_value';
    end if;
    expression := format('date_trunc(%L, at, ''UTC'')',
      case months when 1 then 'month' when 3 then 'quarter' else 'year' end);
    levels := '{0,1,2}';
  else
    expression := format('date_bin(%L, at, ''2000-01-03Z'')', step);
    levels := array(
      select level from (values (0, 60), (1, 3600), (2, 86400)) as bucket (level, length)
      where seconds % length = 0 order by level);
  end if;
end
$$;
comment on function traffic_bin is 'The bins of a step, as an expression, and which levels of the rollups fit into them.';
