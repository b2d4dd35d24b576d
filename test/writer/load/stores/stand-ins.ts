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

/** A hypertable without a chunk. */
export const HYPERTABLE = `
  ${PLAIN_FLOWS};
  create schema _timescaledb_catalog;
  create table _timescaledb_catalog.hypertable (schema_name name, table_name name);
  insert into _timescaledb_catalog.hypertable values (current_schema(), 'flows')`

/**
 * A Citus cluster of one node whose session is at the coordinator, or at a worker. `flows` is not
 * distributed yet: `create_distributed_table` notes it. DDL is refused as Citus refuses it.
 */
export function citusCluster({ isCoordinator }: { readonly isCoordinator: boolean }): string {
  return `
    create table pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text);
    create table pg_dist_shard (logicalrelid regclass, shardid bigint);
    create table pg_dist_node (
      nodename text, nodeport integer, isactive boolean, shouldhaveshards boolean);
    insert into pg_dist_node values ('worker', 5432, true, true);
    create function citus_is_coordinator() returns boolean language sql as 'select ${isCoordinator}';
    create function column_to_column_name(regclass, text) returns text language sql as 'select $2';
    create function citus_total_relation_size(regclass, boolean) returns bigint language sql as
      'select pg_total_relation_size($1)';
    create function create_distributed_table(text, text) returns void language sql as
      'insert into pg_dist_partition values ($1::regclass, ''h'', $2)';
    create function truncate_local_data_after_distributing_table(regclass) returns void language sql
      as '';
    create function citus_add_local_table_to_metadata(regclass, cascade_via_foreign_keys boolean)
    returns void language sql as 'insert into pg_dist_partition values ($1, ''n'', null)';
    create function run_command_on_coordinator(
      command text, out nodeid integer, out success boolean, out result text)
    returns setof record language plpgsql as $$
    begin
      nodeid := 1;
      success := true;
      result := 'DO';
      perform set_config('stand_in.is_coordinator', 'true', true);
      begin
        execute command;
      exception when others then
        success := false;
        result := 'ERROR:  ' || sqlerrm;
      end;
      perform set_config('stand_in.is_coordinator', '', true);
      return next;
    end $$;
    create function refuse_ddl() returns event_trigger language plpgsql as $$
    begin
      if current_query() ~* 'detach partition .* concurrently' then
        raise exception using errcode = 'XX000',
          message = 'ALTER TABLE .. DETACH PARTITION .. CONCURRENTLY commands are currently unsupported.';
      end if;
      if not ${isCoordinator} and current_query() ~* 'partition|concurrently|access method'
        and coalesce(current_setting('stand_in.is_coordinator', true), '') = ''
      then
        raise exception using errcode = 'XX000', message = 'operation is not allowed on this node',
          hint = 'Connect to the coordinator and run it again.';
      end if;
    end $$;
    create event trigger refuse_ddl on ddl_command_start
      when tag in ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX') execute function refuse_ddl()`
}
