-- needs: flow_partitions rollup_refresh

-- It runs with the rights of its owner, because an operator may not update flows. So it checks who asks,
-- and its search_path is fixed: no table of the caller is taken for one of ours.
create or replace function set_sampling_rate(
  exporter inet, rate bigint, since timestamptz, until timestamptz)
returns bigint
language plpgsql volatile security definer
set timezone = 'UTC'
as $$
declare
  changed bigint;
  columnar text;
begin
  if not pg_has_role(session_user, current_user, 'usage') and not exists (
    select from pg_roles where rolname = 'netflow_operator' and pg_has_role(session_user, oid, 'usage'))
  then
    raise exception 'only netflow_operator and the owner of the tables may set sampling rates'
      using errcode = 'insufficient_privilege';
  end if;
  if rate is null or rate not between 1 and 4294967295 then
    raise exception 'a sampling rate is between 1 and 4294967295: %', rate
      using errcode = 'invalid_parameter_value';
  end if;
  select string_agg(partition::text, ', ') into columnar from flow_partitions as partitions
  where access_method = 'columnar'
    and partitions.since < set_sampling_rate.until and partitions.until > set_sampling_rate.since;
  if columnar is not null then
    raise exception 'flows of this time are in columnar partitions, which cannot be changed: %', columnar
      using errcode = 'feature_not_supported',
        hint = 'Set COLUMNAR_AFTER_DAYS=0, and make each a heap first: alter table … set access method heap.';
  end if;
  -- A hypertable rewrites compressed rows, and would refuse more than 100,000. Others ignore the setting.
  perform set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
  update flows set sampling_rate = rate
  where flows.exporter = set_sampling_rate.exporter and sampling_rate is null
    and received_at >= since and received_at < until;
  get diagnostics changed = row_count;
  if changed > 0 then perform rollup_refresh(since, until); end if;
  return changed;
end
$$;
comment on function set_sampling_rate is 'Sets the sampling rate of flows of an exporter that were stored while it was unknown (NULL), and has the rollups computed again. Returns the number of flows.';
do $$
begin
  execute format(
    'alter function set_sampling_rate(inet, bigint, timestamptz, timestamptz) set search_path = %I, pg_temp',
    current_schema());
end
$$;
