/**
 * Makes a database of plain PostgreSQL look like one with TimescaleDB, as far as the writer can see: each
 * day with a row becomes a chunk. Nothing is compressed, and nothing is planned differently.
 */

/** Must be run by a superuser, whose next connections see it. */
export const TIMESCALE_STAND_IN = `
  set allow_system_table_mods = on;
  insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  select (select max(oid)::bigint + 1 from pg_extension)::oid, 'timescaledb', nspowner, oid, false, '2.28.3'
  from pg_namespace where nspname = current_schema();
  reset allow_system_table_mods;

  -- As if the server had loaded the library; the edition that cannot compress.
  do $$ begin
    execute format('alter database %I set timescaledb.disable_load = off', current_database());
    execute format('alter database %I set timescaledb.license = apache', current_database());
  end $$;

  create schema _timescaledb_catalog;
  create schema _timescaledb_internal;
  create schema timescaledb_information;
  create table _timescaledb_catalog.hypertable (schema_name name, table_name name);
  create table _timescaledb_catalog.chunk (
    schema_name name, table_name name, status integer default 0, since timestamptz, until timestamptz);

  create view timescaledb_information.dimensions as
  select schema_name as hypertable_schema, table_name as hypertable_name, 1 as dimension_number,
    'received_at'::name as column_name, interval '1 day' as time_interval
  from _timescaledb_catalog.hypertable;
  create view timescaledb_information.chunks as
  select hypertable.schema_name as hypertable_schema, hypertable.table_name as hypertable_name,
    chunk.schema_name as chunk_schema, chunk.table_name as chunk_name, since as range_start,
    until as range_end, status > 0 as is_compressed
  from _timescaledb_catalog.chunk, _timescaledb_catalog.hypertable;

  create function chunks_detailed_size(hypertable regclass)
  returns table (chunk_schema name, chunk_name name, total_bytes bigint, index_bytes bigint)
  language sql as $$
    select schema_name, table_name, case when status > 0 then 100000 else 1000000 end, 1000
    from _timescaledb_catalog.chunk
  $$;

  create function by_range(column_name name, partition_interval interval) returns text
  language sql as $$ select column_name::text $$;

  create procedure attach_chunk(hypertable regclass, chunk regclass, slices jsonb)
  language plpgsql as $$
  begin
    if exists (select from pg_inherits where inhrelid = chunk) then
      raise exception 'cannot attach chunk that is already a child of another table';
    end if;
    execute format('alter table %s inherit %s', chunk, hypertable);
    insert into _timescaledb_catalog.chunk (schema_name, table_name, since, until)
    select nspname, relname, (slices -> 'received_at' ->> 0)::timestamptz,
      (slices -> 'received_at' ->> 1)::timestamptz
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = chunk;
  end $$;

  -- After each statement, moves its rows from the table itself into the chunk of their day.
  create function move_into_chunks() returns trigger language plpgsql as $$
  declare
    day timestamptz;
    home text;
  begin
    for day in execute 'select distinct date_trunc(''day'', received_at, ''UTC'') from only flows' loop
      select format('%I.%I', schema_name, table_name) into home
      from _timescaledb_catalog.chunk where since <= day and until > day;
      if home is null then
        home := '_timescaledb_internal._hyper_1_' || to_char(day at time zone 'UTC', 'YYYYMMDD') || '_chunk';
        execute format('create table %s (like flows including all)', home);
        call attach_chunk('flows', home, jsonb_build_object('received_at',
          jsonb_build_array(day, day + interval '1 day')));
      end if;
      execute format('with moved as (delete from only flows where received_at >= $1 and received_at < $2
        returning *) insert into %s select * from moved', home) using day, day + interval '1 day';
    end loop;
    return null;
  end $$;

  create function create_hypertable(relation regclass, dimension text, create_default_indexes boolean)
  returns void language plpgsql as $$
  begin
    insert into _timescaledb_catalog.hypertable
    select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = relation;
    execute format('create trigger move_into_chunks after insert on %s
      for each statement execute function move_into_chunks()', relation);
  end $$;

  create function drop_chunks(relation regclass, older_than timestamptz, newer_than timestamptz)
  returns setof text language plpgsql as $$
  declare
    name text;
  begin
    for name in
      delete from _timescaledb_catalog.chunk where since >= newer_than and until <= older_than
      returning format('%I.%I', schema_name, table_name)
    loop
      execute 'drop table ' || name;
      return next name;
    end loop;
  end $$;

  create function compress_chunk(uncompressed_chunk regclass) returns regclass language plpgsql as $$
  begin
    update _timescaledb_catalog.chunk set status = 1
    where format('%I.%I', schema_name, table_name)::regclass = uncompressed_chunk;
    return uncompressed_chunk;
  end $$`
