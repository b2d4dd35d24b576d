/**
 * Applies `migrations/answers/`: the views and functions that answer questions. Objects of somebody
 * else are never dropped.
 */

import pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { DatabaseError } from '../database/connection.ts'
import { ANSWERS, type Definition, readDefinitions } from './answer-definitions.ts'
import { adaptAnswers } from './citus-answers.ts'
import { MIGRATION_LOCK } from './migrations-table.ts'

/**
 * SQLSTATEs when columns, arguments or the type of a result differ. The last one: a comment on a
 * function that now has two versions.
 */
const NOT_REPLACEABLE = new Set(['42P13', '42P16', '42725'])

/** A name may need quotes, so it cannot be cast. */
const SCHEMA = 'select oid from pg_namespace where nspname = current_schema()'

/** The objects with one of the names $1 in the schema of the tables. */
const NAMED_OBJECTS = `
  select 'pg_class'::regclass as classid, oid as objid, relname::text as name, relacl as acl,
    case relkind when 'v' then 'view' else 'other' end as kind
  from pg_class
  where relnamespace = (${SCHEMA}) and relname = any($1)
  union all
  select 'pg_proc'::regclass, oid, proname::text, proacl, 'function'
  from pg_proc
  where pronamespace = (${SCHEMA}) and proname = any($1)`

/**
 * The objects that are built on those with the names $1, at any distance. Rules are internal to their views,
 * and row types to their tables: the path leads through them.
 */
const DEPENDENTS = `
  with recursive named as (${NAMED_OBJECTS}),
  found (classid, objid) as (
    select classid, objid from named
    union
    select coalesce(owner.classid, step.classid), coalesce(owner.objid, step.objid)
    from found
    join pg_depend as step on step.refclassid = found.classid and step.refobjid = found.objid
    left join lateral (
      select 'pg_class'::regclass as classid, ev_class as objid from pg_rewrite
      where step.classid = 'pg_rewrite'::regclass and oid = step.objid
    ) as owner on true
  )
  select distinct on (classid, objid) pg_describe_object(classid, objid, 0) as description,
    classid::regclass::text as catalog, coalesce(relname, proname)::text as name,
    coalesce(relnamespace, pronamespace) = (${SCHEMA}) as "isHere",
    case when classid = 'pg_class'::regclass then relacl else proacl end is not null as "hasAcl"
  from found
  left join pg_class on classid = 'pg_class'::regclass and pg_class.oid = objid
  left join pg_proc on classid = 'pg_proc'::regclass and pg_proc.oid = objid
  where classid <> 'pg_type'::regclass`

/** Statements that give the rights on the objects with the names $1 again. */
const GRANTS = `
  select name, format('grant %s on %s %s to %s%s', privilege_type,
    case kind when 'function' then 'function' else 'table' end,
    case kind when 'function' then objid::regprocedure::text else objid::regclass::text end,
    case grantee when 0 then 'public' else grantee::regrole::text end,
    case when is_grantable then ' with grant option' else '' end) as statement
  from (${NAMED_OBJECTS}) as named
  cross join aclexplode(acl)
  where kind in ('view', 'function')`

/** Names what was applied, and its content, in one text that can be compared. */
function fingerprint(rows: readonly { readonly name: string; readonly hash: string }[]): string {
  return rows
    .map(({ name, hash }) => `${name} ${hash}`)
    .sort()
    .join('\n')
}

async function readApplied(client: pg.Client): Promise<{ name: string; hash: string }[]> {
  return (await client.query('select name, hash from answer_definitions')).rows
}

/** Applies all definitions in one transaction; what they replace may look different. */
class Renewal {
  readonly #client: pg.Client
  /** All names that belong to this program. */
  readonly #names: Set<string>
  readonly #grants = new Map<string, string[]>()

  constructor(client: pg.Client, names: Iterable<string>) {
    this.#client = client
    this.#names = new Set(names)
  }

  async apply({ name, sql }: Definition): Promise<void> {
    await this.#client.query('savepoint answer')
    try {
      await this.#client.query(sql)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      error.message = `migrations/answers/${name}.sql: ${error.message}`
      if (!NOT_REPLACEABLE.has(error.code ?? '')) throw error
      await this.#client.query('rollback to savepoint answer')
      await this.drop([name])
      await this.#client.query(sql)
    }
    await this.#client.query('release savepoint answer')
    const { rows } = await this.#client.query(NAMED_OBJECTS, [[name]])
    if (rows.length > 1) {
      // Other arguments make another function.
      await this.drop([name])
      await this.#client.query(sql)
    }
  }

  /** Drops objects, and those of this program that are built on them. */
  async drop(names: readonly string[]): Promise<void> {
    const { rows } = await this.#client.query(DEPENDENTS, [names])
    const others = rows.filter(
      ({ catalog, name, isHere }) =>
        !(isHere && this.#names.has(name) && /^pg_(class|proc)$/.test(catalog)),
    )
    if (others.length > 0) throw inTheWay(names, others)
    await this.#rememberGrants(rows.filter(({ hasAcl }) => hasAcl).map(({ name }) => name))
    const found = await this.#client.query(
      `select kind, case kind
         when 'function' then objid::regprocedure::text else objid::regclass::text end as object
       from (${NAMED_OBJECTS}) as named where kind in ('view', 'function')`,
      [names],
    )
    for (const { kind, object } of found.rows) {
      await this.#client.query(`drop ${kind} if exists ${object} cascade`)
    }
  }

  async #rememberGrants(names: readonly string[]): Promise<void> {
    const { rows } = await this.#client.query(GRANTS, [names])
    for (const { name, statement } of rows) {
      const known = this.#grants.get(name) ?? []
      this.#grants.set(name, [...known, statement])
    }
  }

  /** Gives back the rights on what was dropped and created again. */
  async restoreGrants(): Promise<void> {
    const { rows } = await this.#client.query(NAMED_OBJECTS, [[...this.#grants.keys()]])
    for (const { name } of rows) {
      for (const statement of this.#grants.get(name) ?? []) await this.#client.query(statement)
    }
  }

  /** @throws DatabaseError when another object has the name of a view or function */
  async requireFree(names: readonly string[]): Promise<void> {
    const { rows } = await this.#client.query(
      `select pg_describe_object(classid, objid, 0) as description from (${NAMED_OBJECTS}) as named`,
      [names],
    )
    if (rows.length === 0) return
    const list = rows.map(({ description }) => description).join(', ')
    throw new DatabaseError(
      `the database has objects with names that this program needs: ${list}; rename them, and run ` +
        'npm run migrate',
    )
  }
}

function inTheWay(
  names: readonly string[],
  others: readonly { readonly description: string }[],
): DatabaseError {
  const list = others.map(({ description }) => description).join(', ')
  return new DatabaseError(
    `views or functions cannot be renewed: on ${names.join(', ')} others are built, ${list}; save ` +
      'their definitions, drop them, run npm run migrate, and create them again',
  )
}

/**
 * Applies all views and functions if one has changed, in one transaction under the migrations' lock.
 * The tables must be up to date. A migration that drops a view also deletes its row of
 * `answer_definitions`, so that the view is created anew.
 *
 * @throws DatabaseError when objects of somebody else are in the way
 */
export async function applyAnswers(
  client: pg.Client,
  logger: Logger,
  folder = ANSWERS,
): Promise<void> {
  const definitions = await readDefinitions(folder)
  const wanted = fingerprint(definitions)
  if (fingerprint(await readApplied(client)) === wanted) return
  await inTransaction(client, async () => {
    const applied = await readApplied(client)
    // Another process may have applied them meanwhile.
    if (fingerprint(applied) === wanted) return
    await renewAnswers(client, definitions, applied)
    logger.info({ answers: definitions.length }, 'renewed the views and functions')
  })
}

/**
 * Drops all views and functions, acts, and creates them again, in one transaction under the migrations'
 * lock. For what cannot be done to tables that have views.
 *
 * @throws DatabaseError when objects of somebody else are built on them
 */
export async function actWithoutAnswers(
  client: pg.Client,
  act: () => Promise<void>,
  folder = ANSWERS,
): Promise<void> {
  const definitions = await readDefinitions(folder)
  await inTransaction(client, async () => {
    await renewAnswers(client, definitions, await readApplied(client), act)
  })
}

/**
 * Drops all views and functions, so that migrations can be undone. The next migration creates them.
 * Runs in the caller's transaction, with which they come back if a migration cannot be undone.
 *
 * @throws DatabaseError when objects of somebody else are built on them
 */
export async function dropAnswers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('answer_definitions') is not null as exists`,
  )
  if (rows[0]?.exists !== true) return
  await client.query(`set local lock_timeout = '${VIEW_LOCK_TIMEOUT}'`)
  const names = (await readApplied(client)).map(({ name }) => name)
  await new Renewal(client, names).drop(names)
  await client.query('delete from answer_definitions')
  await client.query('set local lock_timeout = 0')
}

/**
 * Applies all definitions, and notes them. Those that were applied stay in use, unless there is something
 * to do without them.
 *
 * @param actWithout called when all were dropped
 */
async function renewAnswers(
  client: pg.Client,
  definitions: readonly Definition[],
  applied: readonly { readonly name: string }[],
  actWithout?: () => Promise<void>,
): Promise<void> {
  const known = new Set(applied.map(({ name }) => name))
  const names = definitions.map(({ name }) => name)
  const renewal = new Renewal(client, [...known, ...names])
  await renewal.requireFree(names.filter((name) => !known.has(name)))
  const obsolete = [...known].filter((name) => actWithout !== undefined || !names.includes(name))
  if (obsolete.length > 0) await renewal.drop(obsolete)
  await actWithout?.()
  for (const definition of definitions) await renewal.apply(definition)
  await adaptAnswers(client, names)
  await renewal.restoreGrants()
  await client.query('delete from answer_definitions')
  await client.query(
    'insert into answer_definitions (name, hash) select * from unnest($1::text[], $2::text[])',
    [names, definitions.map(({ hash }) => hash)],
  )
}

/** A reader may hold a view for long: while this waits for it, other readers wait, too. */
const VIEW_LOCK_TIMEOUT = '20s'

async function inTransaction(client: pg.Client, use: () => Promise<void>): Promise<void> {
  await client.query('begin')
  try {
    // Another process may migrate for long; readers may hold a view for long, and are not blocked.
    await client.query('set local statement_timeout = 0; set local lock_timeout = 0')
    await client.query(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    await client.query(`set local lock_timeout = '${VIEW_LOCK_TIMEOUT}'`)
    await use()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {
      // The connection is lost, and the transaction with it.
    })
    throw error
  }
}
