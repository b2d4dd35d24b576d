/** A reporting database over several sites: adds and removes sites, and checks that they answer. */

import pg from 'pg'
import { readDefinitions } from '../../writer/load/schema/answer-definitions.ts'
import { createAllSites, dropAllSites } from './all-sites.ts'
import { type Site, SiteError } from './site.ts'
import { createSchema, createServer, schemaOf } from './site-schema.ts'

/** An advisory lock of the transaction: one program changes the federation at a time. */
const FEDERATION_LOCK = 7_411_991
const TIMEOUT_MS = 10_000

const TABLES = `
  create extension if not exists postgres_fdw;
  create table if not exists federation_sites (
    site text primary key,
    home text not null,
    definitions text not null,
    is_asked boolean not null default true,
    added_at timestamptz not null default now()
  );
  comment on table federation_sites is 'The sites of this reporting database: netflow federate.';
  comment on column federation_sites.home is 'The schema of the tables at the site.';
  comment on column federation_sites.definitions is 'Fingerprint of the site''s views and functions when they were imported.';
  comment on column federation_sites.is_asked is 'Whether answers over all sites include it.';
  create table if not exists federation_objects (
    number integer generated always as identity, object text primary key);
  comment on table federation_objects is 'Views and functions over all sites: netflow federate drops and creates them.';`

/** The database has the tables of a writer; the message says what to do. */
export class NotFederatedError extends Error {
  readonly code = 'NOT_FEDERATED'
}

interface SiteState {
  readonly site: string
  readonly isAsked: boolean
  /** undefined: the site answers, and its definitions are those that were imported. */
  readonly problem: string | undefined
}

interface SiteRow {
  readonly site: string
  readonly home: string
  readonly definitions: string
  readonly isAsked: boolean
}

export class Federation {
  readonly #client: pg.Client

  /** @param client a session in the reporting database */
  constructor(client: pg.Client) {
    this.#client = client
  }

  /** Adds sites, or changes their URLs. @throws SiteError when one does not answer */
  async add(sites: readonly Site[]): Promise<void> {
    const facts = new Map<string, Omit<SiteRow, 'site' | 'isAsked'>>()
    for (const site of sites) facts.set(site.name, await readSite(site))
    await this.#change(async () => {
      for (const site of sites) {
        const { home = '', definitions = '' } = facts.get(site.name) ?? {}
        await this.#client.query(`drop server if exists "${site.name}" cascade`)
        await createServer(this.#client, site)
        await this.#client.query(
          `insert into federation_sites (site, home, definitions) values ($1, $2, $3)
           on conflict (site) do update set home = $2, definitions = $3`,
          [site.name, home, definitions],
        )
      }
      await this.#createSchemas(sites.map(({ name }) => name))
    })
  }

  /** Removes a site; its server is not touched. */
  async remove(name: string): Promise<void> {
    await this.#change(async () => {
      const { rowCount } = await this.#client.query(
        'delete from federation_sites where site = $1',
        [name],
      )
      if (rowCount === 0) throw unknownSite(name)
      await this.#client.query(`drop schema if exists ${schemaOf(name)} cascade`)
      await this.#client.query(`drop server if exists "${name}" cascade`)
    })
  }

  /** Leaves a site out of answers over all sites, or takes it in again. */
  async setState(name: string, state: 'asked' | 'left out'): Promise<void> {
    await this.#change(async () => {
      const { rowCount } = await this.#client.query(
        'update federation_sites set is_asked = $2 where site = $1',
        [name, state === 'asked'],
      )
      if (rowCount === 0) throw unknownSite(name)
    })
  }

  /** Imports the tables and views of all sites anew, after an upgrade of theirs. */
  async refresh(): Promise<void> {
    await this.#change(async () => {
      const names = (await this.#list()).map(({ site }) => site)
      await this.#createSchemas(names)
      for (const name of names) {
        await this.#client.query('update federation_sites set definitions = $2 where site = $1', [
          name,
          await this.#fingerprint(name),
        ])
      }
    })
  }

  /** Asks each site for its definitions, and compares them with the imported ones. */
  async check(): Promise<readonly SiteState[]> {
    const states: SiteState[] = []
    for (const { site, isAsked, definitions } of await this.#list()) {
      const problem = await this.#fingerprint(site).then(
        (found) =>
          found === definitions
            ? undefined
            : 'its views and functions have changed: run netflow federate --refresh',
        (error: Error) => error.message,
      )
      states.push({ site, isAsked, problem })
    }
    return states
  }

  async #list(): Promise<readonly SiteRow[]> {
    const { rows: found } = await this.#client.query(
      `select to_regclass('federation_sites') is not null as "isFederated"`,
    )
    if (!found[0]?.isFederated) return []
    const { rows } = await this.#client.query<SiteRow>(
      'select site, home, definitions, is_asked as "isAsked" from federation_sites order by site',
    )
    return rows
  }

  async #createSchemas(names: readonly string[]): Promise<void> {
    await dropAllSites(this.#client)
    const definitions = await readDefinitions()
    const rows = (await this.#list()).filter(({ site }) => names.includes(site))
    for (const { site, home } of rows) {
      await createSchema(this.#client, { name: site, home }, definitions)
    }
  }

  async #fingerprint(name: string): Promise<string> {
    const { rows } = await this.#client.query<{ hash: string }>(
      `select coalesce(md5(string_agg(name || hash, ' ' order by name collate "C")), '') as hash
       from ${schemaOf(name)}.answer_definitions`,
    )
    return rows[0]?.hash ?? ''
  }

  /** Makes a change and creates the views and functions over all sites anew, or does nothing. */
  async #change(action: () => Promise<void>): Promise<void> {
    const client = this.#client
    await client.query('begin')
    try {
      await client.query(`select pg_advisory_xact_lock(${FEDERATION_LOCK})`)
      await this.#requireOwnDatabase()
      await client.query(TABLES)
      await dropAllSites(client)
      await action()
      const asked = (await this.#list()).filter(({ isAsked }) => isAsked)
      const definitions = await readDefinitions()
      const texts = new Map(definitions.map(({ name, sql }) => [name, sql]))
      await createAllSites(
        client,
        asked.map(({ site }) => site),
        texts,
      )
      await client.query('commit')
    } catch (error) {
      await client.query('rollback').catch(() => {})
      throw error
    }
  }

  /** @throws NotFederatedError in a database that a writer fills */
  async #requireOwnDatabase(): Promise<void> {
    const { rows } = await this.#client.query<{ taken: string }>(
      `select relkind::text as taken from pg_class
       where oid = to_regclass('flows') and relkind in ('r', 'p')`,
    )
    if (rows.length === 0) return
    throw new NotFederatedError(
      'this database has flows of its own: make another one for the reports (createdb reports), and ' +
        'name it by --database-url',
    )
  }
}

const unknownSite = (name: string) =>
  new SiteError(`"${name}" is no site here: netflow federate lists them`)

/** Reads the schema and the definitions of a site. @throws SiteError, which names the site */
async function readSite({ name, url }: Site): Promise<{ home: string; definitions: string }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ home: string; definitions: string }>(
      `select current_schema()::text as home,
         coalesce(md5(string_agg(name || hash, ' ' order by name collate "C")), '') as definitions
       from answer_definitions`,
    )
    return rows[0] ?? { home: 'public', definitions: '' }
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    const reason =
      code === '42P01' ? 'it has no tables of this version: run npm run migrate there' : message
    throw new SiteError(`${name}: ${reason}`, { cause: error })
  } finally {
    await client.end().catch(() => {})
  }
}
