/**
 * Makes a database of plain PostgreSQL look like one of an extension, as far as the writer can see. The
 * words of errors are those of Citus 13.2.
 */

/** `flows` becomes one plain table. */
const PLAIN_FLOWS = `
  create table plain_flows (like flows including all);
  drop table flows cascade;
  alter table plain_flows rename to flows;
  update answer_definitions set hash = ''`

/** A hypertable: each day with a row is a chunk, whose rows go with `drop_chunks`. */
export const HYPERTABLE = `
  ${PLAIN_FLOWS};
  create schema _timescaledb_catalog;
  create table _timescaledb_catalog.hypertable (schema_name name, table_name name);
  insert into _timescaledb_catalog.hypertable values (current_schema(), 'flows');
  create schema timescaledb_information;
  create view timescaledb_information.chunks as
  select current_schema() as hypertable_schema, 'flows'::name as hypertable_name,
    '_timescaledb_internal'::name as chunk_schema,
    format('_hyper_1_%s_chunk', to_char(day, 'YYYYMMDD'))::name as chunk_name,
    day as range_start, day + interval '1 day' as range_end
  from (select distinct date_trunc('day', received_at, 'UTC') as day from flows) as days;
  create function chunks_detailed_size(regclass)
  returns table (chunk_schema name, chunk_name name, total_bytes bigint) language sql as $$
    select chunk_schema, chunk_name, 1000000 from timescaledb_information.chunks
  $$;
  create function drop_chunks(
    relation regclass, older_than timestamptz default null, newer_than timestamptz default null)
  returns setof text language sql as $$
    delete from flows where received_at < older_than and received_at >= newer_than
    returning 'chunk'
  $$`
