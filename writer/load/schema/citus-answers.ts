/**
 * Rewrites functions that a Citus cluster cannot plan. PostgreSQL makes a table function in SQL a part of
 * the query, but only after Citus has divided the query among its nodes: Citus refuses such a query.
 */

import type pg from 'pg'
import { isDistributed } from '../stores/store-kind.ts'

/**
 * Statements that turn those of the functions $1 that are table functions in SQL into PL/pgSQL. Their
 * parameters keep their names, so the body stays as it is.
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

/** Rewrites the functions of these names if `flows` is distributed, in the transaction that created them. */
export async function adaptAnswers(client: pg.Client, names: readonly string[]): Promise<void> {
  if (!(await isDistributed(client))) return
  const { rows } = await client.query<{ statement: string }>(CONVERSIONS, [names])
  for (const { statement } of rows) await client.query(statement)
}
