/**
 * Makes functions that a Citus cluster cannot plan plannable. PostgreSQL reads a table function in SQL as
 * a part of the question; Citus has divided the question among its nodes before, and refuses it.
 */

import type pg from 'pg'

const IS_DISTRIBUTED = `
  select exists (
    select from pg_dist_partition where logicalrelid = 'flows'::regclass and partmethod = 'h'
  ) as found`

/**
 * The functions among the names $1 that are table functions in SQL, and what makes them of PL/pgSQL. Their
 * parameters keep their names, so that the body stays as it is.
 */
const CONVERSIONS = `
  select format(
    E'create or replace function %s(%s) returns %s language plpgsql stable parallel safe rows %s
      set search_path from current as $answer$
      #variable_conflict use_column
      begin return query %s; end $answer$',
    own.oid::regproc, pg_get_function_arguments(own.oid), pg_get_function_result(own.oid), prorows,
    substring(pg_get_function_sqlbody(own.oid) from '(?s)^BEGIN ATOMIC\\s+(.*);\\s*END$')) as statement
  from pg_proc as own
  join pg_language as language on language.oid = prolang
  where pronamespace = (select oid from pg_namespace where nspname = current_schema())
    and proname = any ($1) and lanname = 'sql' and proretset and prosqlbody is not null`

/** Changes them where `flows` is distributed; within a transaction that has just created them. */
export async function adaptAnswers(client: pg.Client, names: readonly string[]): Promise<void> {
  const { rows: catalogs } = await client.query<{ found: boolean }>(
    `select to_regclass('pg_dist_partition') is not null as found`,
  )
  if (!catalogs[0]?.found) return
  const { rows: flows } = await client.query<{ found: boolean }>(IS_DISTRIBUTED)
  if (!flows[0]?.found) return
  const { rows } = await client.query<{ statement: string }>(CONVERSIONS, [names])
  for (const { statement } of rows) await client.query(statement)
}
