import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EXAMPLE_QUERIES, formatGreeting, greetingLine } from '../../launcher/greeting.ts'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import { queryRows } from '../helpers/pipeline.ts'

const run = promisify(execFile)
const PROGRAM_DIR = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

const EMBEDDED = {
  host: '::',
  ports: [2055, 4739],
  pipePath: '/srv/flows/data/netflow.pipe',
  socketDir: '/srv/flows/data',
  pageUrl: 'http://127.0.0.1:8080/',
  databaseUrl: 'postgres://netflow@%2Fsrv%2Fflows%2Fdata:5432/netflow',
  readerUrl: undefined,
  passwordFile: '/srv/flows/data/reader-password',
  hasPsql: true,
  programDir: PROGRAM_DIR,
} as const

describe('the greeting', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  it('names the addresses for datagrams and the path of the pipe', () => {
    const text = formatGreeting(EMBEDDED)
    assert.match(text, /UDP port 2055 on every address, UDP port 4739 on every address/)
    assert.match(text, /\/srv\/flows\/data\/netflow\.pipe/)
    assert.match(formatGreeting({ ...EMBEDDED, host: '::1', ports: [9] }), /UDP \[::1\]:9\n/)
    assert.match(text, /Page and API +http:\/\/127\.0\.0\.1:8080\/\n/)
    assert.doesNotMatch(formatGreeting({ ...EMBEDDED, pageUrl: undefined }), /Page/)
    assert.match(text, /npm run demo/)
  })

  it('has one line that begins with psql, quoted for the shell where necessary', () => {
    const psqlOf = (facts: Parameters<typeof formatGreeting>[0]) =>
      formatGreeting(facts)
        .split('\n')
        .filter((line) => line.startsWith('psql '))
    assert.deepEqual(psqlOf(EMBEDDED), ['psql -h /srv/flows/data -U netflow netflow'])
    assert.deepEqual(psqlOf({ ...EMBEDDED, socketDir: "/srv/it's here" }), [
      "psql -h '/srv/it'\\''s here' -U netflow netflow",
    ])
    const databaseUrl = 'postgres://me:s%40cret@db.example.net/flows?sslmode=require'
    assert.deepEqual(psqlOf({ ...EMBEDDED, socketDir: undefined, databaseUrl }), [
      'psql "postgres://me@db.example.net/flows?sslmode=require"',
    ])
  })

  it('shows no password, and nothing of a connection string that is unclear', () => {
    for (const databaseUrl of ['postgres://u:se%2Fcret@h/d', 'postgres://u:1/secret@h/d']) {
      const facts = { ...EMBEDDED, socketDir: undefined, databaseUrl }
      assert.doesNotMatch(formatGreeting(facts), /cret/)
      assert.doesNotMatch(JSON.stringify(greetingLine(facts)), /cret/)
    }
  })

  it('names the URL of other tools, with the password on a terminal only', () => {
    const readerUrl = 'postgres://netflow_reader:s3cret@127.0.0.1:15432/netflow'
    const databaseUrl = 'postgres://netflow@%2Fsrv%2Fflows%2Fdata:15432/netflow'
    const facts = { ...EMBEDDED, databaseUrl, readerUrl }
    const text = formatGreeting(facts)
    assert.ok(text.includes(` ${readerUrl}\n`))
    assert.match(text, /kept in \/srv\/flows\/data\/reader-password\n/)
    assert.match(text, /\/srv\/flows\/data \(unix socket, TCP on 127\.0\.0\.1:15432\)/)
    assert.match(text, /\npsql -h \/srv\/flows\/data -p 15432 -U netflow netflow\n/)
    const line = greetingLine(facts)
    assert.equal(line.facts.reader, 'postgres://netflow_reader@127.0.0.1:15432/netflow')
    assert.equal(line.facts.passwordFile, '/srv/flows/data/reader-password')
    assert.doesNotMatch(JSON.stringify(line), /s3cret/)
    assert.doesNotMatch(formatGreeting(EMBEDDED), /reader/)
  })

  it('is one line of facts for a log', () => {
    assert.deepEqual(greetingLine(EMBEDDED), {
      facts: {
        ports: [2055, 4739],
        page: 'http://127.0.0.1:8080/',
        pipe: '/srv/flows/data/netflow.pipe',
        database: '/srv/flows/data (unix socket, no TCP)',
        psql: 'psql -h /srv/flows/data -U netflow netflow',
      },
      message:
        'ready: exporters may send to UDP port 2055 on every address, UDP port 4739 on every address',
    })
  })

  it('has three queries that are ready to paste', async () => {
    const lines = formatGreeting(EMBEDDED).split('\n')
    assert.equal(EXAMPLE_QUERIES.length, 3)
    for (const { query } of EXAMPLE_QUERIES) {
      assert.ok(lines.includes(query))
      assert.deepEqual(await queryRows(database.url, query), [])
    }
  })

  it('has a one-line command that asks the database where psql is missing', async () => {
    const facts = { ...EMBEDDED, hasPsql: false, databaseUrl: database.url }
    const line = formatGreeting(facts)
      .split('\n')
      .find((text) => text.startsWith('node -e '))
    assert.ok(line)
    const { stdout } = await run('sh', ['-c', line.replace(/^node/, `'${process.execPath}'`)])
    assert.match(stdout, /count[\s\S]*'0'/)
  })
})
