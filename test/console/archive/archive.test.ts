import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { Archive } from '../../../console/archive/archive.ts'
import { POSTGRES } from '../../../console/query/dialect.ts'
import { parseFilter } from '../../../console/query/filter/filter.ts'
import { KEYS } from '../../../console/query/keys.ts'
import { Parameters } from '../../../console/query/sql.ts'
import { findDuckDb } from '../../helpers/duckdb.ts'
import { modelFilter } from '../query/filter-model.ts'
import { ArchivedFlows, DAYS, RANGE } from './archived-flows.ts'

const { open, skip } = findDuckDb()

describe('an archive', { skip }, () => {
  let stored: ArchivedFlows
  let archive: Archive
  before(async () => {
    stored = await ArchivedFlows.store(480)
    const { code, stderr } = await stored.archive()
    assert.equal(code, 0, stderr)
    assert.match(
      stderr,
      /^netflow: archived 2 partitions in .*: 480 flows, \d+ bytes; 0 had nothing/,
    )
    archive = await Archive.open(stored.folder, { since: DAYS[0], until: DAYS[2] }, open)
  })
  after(async () => {
    await archive?.close()
    await stored?.stop()
  })

  /** The numbers of flows under a filter, by database or archive: their receive times are unique. */
  async function select(text: string, isArchive: boolean): Promise<unknown[]> {
    const parameters = new Parameters()
    const dialect = isArchive ? archive.dialect : POSTGRES
    const condition = dialect.compile(parseFilter(text), 'flows', parameters)
    const query = `select received_at as at from flows where ${condition} order by 1`
    if (isArchive) {
      const rows = await archive.ask({ text: query, values: parameters.values })
      return rows.map(({ at }) => Date.parse(at ?? ''))
    }
    const rows = await stored.ask(query, parameters.values)
    return rows.map(({ at }) => (at as Date).getTime())
  }

  it('selects the flows that the database selects, under any filter', async () => {
    await fc.assert(
      fc.asyncProperty(modelFilter, async ({ text }) => {
        assert.deepEqual(await select(text, true), await select(text, false), text)
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
    )
    for (const text of [
      'nat src ip 203.0.113.0/24',
      'nat dst ip 2001:db8::/32',
      'nat port > 4100',
      'next ip 2001:db8::1:0:0:1',
      'next ip in [0.0.0.0/8 2001:db8::/48]',
      'in if "gi0/2"',
      'extra "6871.5" = "a/b~c"',
      'extra natEvent > 3',
      'not extra natEvent',
      'duration > 200 and bps > 100',
    ]) {
      const found = await select(text, true)
      assert.deepEqual(found, await select(text, false), text)
      assert.ok(found.length > 0, text)
    }
  })

  /** Runs a command on the database and on the archive; returns both outputs. */
  async function both(line: string): Promise<readonly [string, string]> {
    const [command = '', ...words] = line.split(' ')
    const outputs: string[] = []
    for (const place of ['', `--archive ${stored.folder}`]) {
      const { stdout, stderr, code } = await stored.run(
        `netflow ${command} ${RANGE} ${place} ${words.join(' ')}`,
      )
      assert.deepEqual([code, stderr], [0, ''], line)
      outputs.push(stdout)
    }
    const [database = '', archived = ''] = outputs
    return [database, archived.replaceAll('archive', 'raw')]
  }

  for (const line of [
    'flows -n 0 --format jsonl',
    'flows -n 40 --format csv proto tcp or net 10.0.0.0/8',
    'flows -n 0 --order bytes --format jsonl src ip 2001:db8::1',
    'flows -n 0 --format extended',
    'conversations -n 0 --format jsonl',
    'conversations -n 5 --order packets --format csv proto tcp',
    'summary --format csv',
    'summary --format csv bytes > 1000 and proto udp',
    'summary --format csv port 1 and port 2',
    'traffic --step 1h --by protocol -n 2 --format jsonl',
    'traffic --step 1month --format jsonl port 443',
    'traffic --step 1w --by src/24 --format jsonl',
  ]) {
    it(`answers like the database: ${line}`, async () => {
      const [database, archived] = await both(line)
      assert.equal(archived, database)
    })
  }

  const keys = Object.keys(KEYS).filter((key) => key !== 'prefix')
  for (const by of [...keys, 'src/9', 'dst/24,33', 'src/0,128', 'dst/32,47']) {
    it(`adds up like the database: by ${by}`, async () => {
      for (const filter of ['', ' proto tcp and not src ip 10.0.0.1']) {
        const [database, archived] = await both(`top --by ${by} -n 30 --format jsonl${filter}`)
        assert.equal(archived, database)
        assert.ok(database.split('\n').length > 2)
      }
    })
  }

  it('says what it cannot answer', async () => {
    const run = (line: string) => stored.run(`netflow ${line}`)
    const prefix = await run(`top --archive ${stored.folder} --by prefix`)
    assert.equal(prefix.code, 2)
    assert.match(prefix.stderr, /an archive is not asked by prefix/)
    const nowhere = await run('flows --archive /nowhere')
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.stderr, /\/nowhere holds no archive: netflow archive --to \/nowhere/)
  })

  it('answers with nothing where it has no files', async () => {
    const { stdout } = await stored.run(`netflow summary --archive ${stored.folder} --since 1h`)
    assert.equal(stdout.split('\n').length, 2)
  })
})
