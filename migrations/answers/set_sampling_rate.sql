-- needs: rollup_refresh

create or replace function set_sampling_rate(
  exporter inet, rate bigint, since timestamptz, until timestamptz)
returns bigint
language plpgsql volatile
set search_path from current set timezone = 'UTC'
as $$
declare
  changed bigint;
begin
  if rate is null or rate not between 1 and 4294967295 then
    raise exception 'a sampling rate is between 1 and 4294967295: %', rate
      using errcode = 'invalid_parameter_value';
  end if;
  update flows set sampling_rate = rate
  where flows.exporter = set_sampling_rate.exporter and sampling_rate is null
    and received_at >= since and received_at < until;
  get diagnostics changed = row_count;
  if changed > 0 then perform rollup_refresh(since, until); end if;
  return changed;
end
$$;
comment on function set_sampling_rate is 'Sets the sampling rate of flows of an exporter that were stored while it was unknown (NULL), and has the rollups computed again. Returns the number of flows.';
