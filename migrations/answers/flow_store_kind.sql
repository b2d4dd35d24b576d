-- Most servers lack the catalogs of the extensions, so they are named only where they exist.
create or replace function flow_store_kind(out kind text, out detail jsonb)
language plpgsql stable
set search_path from current
as $$
declare
  flows regclass := 'flows'::regclass;
  is_partitioned boolean := (select relkind = 'p' from pg_class where oid = flows);
  is_found boolean := false;
begin
  if is_partitioned then
    kind := 'partitioned';
    detail := jsonb_build_object('partition_key', pg_get_partkeydef(flows));
    if to_regclass('pg_dist_partition') is not null then
      execute $sql$select exists (select from pg_dist_partition where logicalrelid = $1 and partmethod = 'h')$sql$
        into is_found using flows;
    end if;
    if is_found then
      kind := 'citus';
      execute $sql$
        select $2 || jsonb_build_object(
          'distribution_column', column_to_column_name(logicalrelid, partkey),
          'shards', (select count(*) from pg_dist_shard as shard where shard.logicalrelid = $1),
          'nodes', (select jsonb_agg(nodename || ':' || nodeport order by nodename, nodeport)
            from pg_dist_node where isactive and shouldhaveshards))
        from pg_dist_partition where logicalrelid = $1
      $sql$ into detail using flows, detail;
    end if;
    return;
  end if;
  kind := 'table';
  if to_regclass('_timescaledb_catalog.hypertable') is not null then
    execute $sql$
      select true, jsonb_strip_nulls(jsonb_build_object(
        'dimension', column_name, 'chunk_interval', time_interval::text))
      from timescaledb_information.dimensions
      where dimension_number = 1 and format('%I.%I', hypertable_schema, hypertable_name)::regclass = $1
    $sql$ into is_found, detail using flows;
    if is_found then kind := 'hypertable'; end if;
  end if;
end
$$;
comment on function flow_store_kind is 'What the table of flows is; flow_store has it.';
