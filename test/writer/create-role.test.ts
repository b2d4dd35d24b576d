/** The command that creates the roles, run as a process against a server of its own. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { pino } from 'pino'
import { migrateDatabase } from '../../writer/load/schema/migrate.ts'
import { startTestServer, type TestServer } from '../helpers/database.ts'

const COMMAND = fileURLToPath(new URL('../../writer/create-role.js', import.meta.url))
/** A quote, a dollar and a backslash break careless statements. */
const PASSWORD = `it's $a$ \\ secret`

let server: TestServer

before(async () => {
  server = await startTestServer({ migrate: false })
})
after(() => server.stop())

function createRole(environment: Record<string, string>) {
  const env = { ...process.env, DATABASE_URL: server.url, ...environment }
  return promisify(execFile)(process.execPath, [COMMAND], { env })
}

function urlOf(user: string): string {
  const url = new URL(server.url)
  url.username = user
  return url.href
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

async function readPassword(role: string): Promise<unknown> {
  const rows = await query(
    server.url,
    `select rolpassword from pg_authid where rolname = 'netflow_${role}'`,
  )
  return rows[0]?.['rolpassword']
}

it('a missing password ends it with exit code 2 and names the setting', async () => {
  await assert.rejects(createRole({ NETFLOW_WRITER_PASSWORD: '' }), (error: Error) => {
    const { code, stdout } = error as Error & { code: number; stdout: string }
    return code === 2 && stdout.includes('NETFLOW_WRITER_PASSWORD')
  })
})

it('the writer may migrate, the reader may read its tables, and neither may more', async () => {
  const { stdout } = await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD })
  assert.ok(!stdout.includes('secret'), 'the password is in the log')
  await migrateDatabase(urlOf('netflow_writer'), pino({ level: 'silent' }))
  const roles = await query(
    server.url,
    `select rolname, rolcanlogin, rolsuper or rolcreatedb or rolcreaterole or rolreplication as may_more
     from pg_roles where rolname like 'netflow\\_%' order by rolname`,
  )
  assert.deepEqual(roles, [
    { rolname: 'netflow_operator', rolcanlogin: false, may_more: false },
    { rolname: 'netflow_reader', rolcanlogin: false, may_more: false },
    { rolname: 'netflow_writer', rolcanlogin: true, may_more: false },
  ])
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_READER_PASSWORD: 'readable' })
  assert.deepEqual(await query(urlOf('netflow_reader'), 'select count(*)::int from flows'), [
    { count: 0 },
  ])
  await assert.rejects(query(urlOf('netflow_reader'), 'delete from flows'), /permission denied/)
  await assert.rejects(query(urlOf('netflow_reader'), 'create table x ()'), /permission denied/)
  await assert.rejects(query(urlOf('netflow_writer'), 'create role x'), /permission denied/)
})

it('the reader has the answer of every view and function, and changes none', async () => {
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_READER_PASSWORD: 'readable' })
  const reader = urlOf('netflow_reader')
  const relations = await query(
    reader,
    `select relname as name, relkind as kind from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')`,
  )
  for (const { name } of relations) await query(reader, `select * from ${name} limit 1`)
  const answers = relations.filter(({ kind }) => kind === 'v')
  assert.ok(answers.length > 10)
  for (const { name } of answers) {
    await assert.rejects(query(reader, `comment on view ${name} is ''`), /must be owner/)
    await assert.rejects(query(reader, `delete from ${name}`), /permission denied|cannot delete/)
  }
  await query(reader, `select * from nat_lookup('192.0.2.1', 1, now())`)
  await query(reader, `select * from conversations_between(now() - interval '1 hour', now())`)
})

it('the operator reads all, and sets what is for operators', async () => {
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_OPERATOR_PASSWORD: 'operate' })
  const operator = urlOf('netflow_operator')
  await query(
    urlOf('netflow_writer'),
    `insert into exporters (address, first_seen, last_seen) values ('192.0.2.1', now(), now())`,
  )
  await query(
    operator,
    `update exporters set name = 'edge', enabled = false, sampling_default = 10, sequence_check = 'off'`,
  )
  assert.deepEqual(await query(operator, 'select exporter_name, enabled from exporter_health'), [
    { exporter_name: 'edge', enabled: false },
  ])
  for (const statement of [
    `update exporters set address = '192.0.2.2'`,
    'delete from exporters',
    'insert into flows default values',
    'drop view exporter_health',
  ]) {
    await assert.rejects(query(operator, statement), /permission denied|must be owner/, statement)
  }
})

it('a second run takes over a changed password and takes the readers login back', async () => {
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_READER_PASSWORD: 'one' })
  const [writer, reader] = [await readPassword('writer'), await readPassword('reader')]
  await createRole({ NETFLOW_WRITER_PASSWORD: 'another' })
  assert.match(String(writer), /^SCRAM-SHA-256\$/)
  assert.notEqual(await readPassword('writer'), writer)
  assert.match(String(reader), /^SCRAM-SHA-256\$/)
  assert.equal(await readPassword('reader'), null)
})

it('tables that are older than the role of the readers become readable', async () => {
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD })
  await query(
    urlOf('netflow_writer'),
    'create table older (x int); revoke all on older from netflow_reader',
  )
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_READER_PASSWORD: 'readable' })
  assert.deepEqual(await query(urlOf('netflow_reader'), 'select * from older'), [])
})

it('a role that was given more than it needs loses it again', async () => {
  await query(server.url, 'alter role netflow_writer superuser createdb')
  await createRole({ NETFLOW_WRITER_PASSWORD: PASSWORD })
  const sql = `select rolsuper, rolcreatedb from pg_roles where rolname = 'netflow_writer'`
  assert.deepEqual(await query(server.url, sql), [{ rolsuper: false, rolcreatedb: false }])
})

it('a schema of their own becomes the place of the tables, and of nothing else', async () => {
  const passwords = { NETFLOW_WRITER_PASSWORD: PASSWORD, NETFLOW_READER_PASSWORD: 'readable' }
  for (const _ of ['first', 'again']) await createRole({ ...passwords, NETFLOW_SCHEMA: 'Own one' })
  await migrateDatabase(urlOf('netflow_writer'), pino({ level: 'silent' }))
  const [found] = await query(
    urlOf('netflow_reader'),
    `select relnamespace::regnamespace::text as schema, (select count(*)::int from flows) as rows
     from pg_class where oid = 'flows'::regclass`,
  )
  assert.deepEqual(found, { schema: '"Own one"', rows: 0 })
})
