-- Most servers lack the views of TimescaleDB, so they are named only where they exist.
create or replace function flow_chunks()
returns table (
  partition oid, since timestamptz, until timestamptz, total_bytes bigint, index_bytes bigint,
  is_compressed boolean)
language plpgsql stable
as $$
declare
  home text;
begin
  if to_regclass('_timescaledb_catalog.hypertable') is null
    or (select relkind from pg_class where oid = 'flows'::regclass) <> 'r'
  then
    return;
  end if;
  if current_setting('timescaledb.disable_load', true) is null then
    raise exception 'timescaledb is not loaded: compressed flows are not found'
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'Set shared_preload_libraries = ''timescaledb'' in postgresql.conf, and restart the server.';
  end if;
  select quote_ident(nspname) into home
  from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'timescaledb';
  return query execute format(
    $sql$
    select format('%%I.%%I', chunks.chunk_schema, chunks.chunk_name)::regclass::oid, range_start, range_end,
      sizes.total_bytes, sizes.index_bytes, chunks.is_compressed
    from timescaledb_information.chunks
    join %s.chunks_detailed_size('flows') as sizes
      on sizes.chunk_schema = chunks.chunk_schema and sizes.chunk_name = chunks.chunk_name
    $sql$, home);
end
$$;
comment on function flow_chunks is 'The chunks of flows, where it is a hypertable of TimescaleDB; flow_partitions shows them.';
