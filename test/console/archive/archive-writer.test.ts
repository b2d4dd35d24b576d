import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ArchivedPart } from '../../../console/archive/archive-manifest.ts'
import { connectDatabase } from '../../../writer/load/database/connection.ts'
import { ArchiveGuard, NotArchivedError } from '../../../writer/load/upkeep/archive-guard.ts'
import { findDuckDb } from '../../helpers/duckdb.ts'
import { ArchivedFlows, RANGE } from './archived-flows.ts'

const { skip } = findDuckDb()
const FIRST = 'flows-20240301T000000Z-20240302T000000Z.parquet'
const SECOND = 'flows-20240302T000000Z-20240303T000000Z.parquet'
const LATE = { received_at: '2024-03-01T05:00:00Z', exporter: '198.51.100.3', bytes: 7 }
const late = (count: number) =>
  Array.from({ length: count }, () => ({ ...LATE, observation_domain: 0, export_version: 9 }))

describe('netflow archive', { skip }, () => {
  let stored: ArchivedFlows
  before(async () => {
    stored = await ArchivedFlows.store(300)
  })
  after(() => stored?.stop())

  const files = () => readdirSync(stored.folder).sort()
  const parts = (): ArchivedPart[] =>
    JSON.parse(readFileSync(join(stored.folder, 'manifest.json'), 'utf8')).parts
  const flowsOf = () => Object.fromEntries(parts().map(({ file, flows }) => [file, flows]))
  /** Archives, and returns what is said: how many were written, with how many flows. */
  async function archive(): Promise<readonly number[]> {
    const { code, stderr } = await stored.archive()
    assert.equal(code, 0, stderr)
    const said = /archived (\d+) partitions in .*: (\d+) flows, \d+ bytes; (\d+) had/.exec(stderr)
    return (said ?? []).slice(1).map(Number)
  }
  async function countArchived(): Promise<number> {
    const { stdout } = await stored.run(
      `netflow summary --archive ${stored.folder} ${RANGE} --format jsonl`,
    )
    return Number(/"what":"total".*?"flows":(\d+)/.exec(stdout)?.[1])
  }

  it('writes a file for each closed partition, and keeps what it has', async () => {
    assert.deepEqual(await archive(), [2, 300, 0])
    assert.deepEqual(files(), [FIRST, SECOND, 'manifest.json', 'names.jsonl'])
    assert.deepEqual(flowsOf(), { [FIRST]: '257', [SECOND]: '43' })
    assert.deepEqual(await archive(), [0, 0, 2])
    assert.equal(await countArchived(), 300)
  })

  it('goes on where it was cut', async () => {
    const manifest = JSON.parse(readFileSync(join(stored.folder, 'manifest.json'), 'utf8'))
    const left = { ...manifest, parts: manifest.parts.slice(0, 1) }
    writeFileSync(join(stored.folder, 'manifest.json'), JSON.stringify(left))
    writeFileSync(join(stored.folder, `${SECOND}.part`), 'cut')
    writeFileSync(join(stored.folder, SECOND), 'cut')
    assert.deepEqual(await archive(), [1, 43, 1])
    rmSync(join(stored.folder, FIRST))
    assert.deepEqual(await archive(), [1, 257, 1])
    assert.deepEqual(files(), [FIRST, SECOND, 'manifest.json', 'names.jsonl'])
    assert.equal(await countArchived(), 300)
  })

  it('archives a partition anew when late rows have come', async () => {
    await stored.insert(late(5))
    assert.deepEqual(await archive(), [1, 262, 1])
    assert.deepEqual(flowsOf(), { [FIRST]: '262', [SECOND]: '43' })
  })

  it('takes the same rows in another table for the same partition', async () => {
    await stored.ask(`
      create table copy as select * from flows_20240302;
      drop table flows_20240302;
      create table flows_20240302 partition of flows for values from ('2024-03-02') to ('2024-03-03');
      insert into flows select * from copy`)
    const [before] = parts().filter(({ file }) => file === SECOND)
    assert.deepEqual(await archive(), [0, 0, 2])
    const [after] = parts().filter(({ file }) => file === SECOND)
    assert.notEqual(after?.id, before?.id)
    assert.deepEqual({ ...after, id: '', changes: '' }, { ...before, id: '', changes: '' })
  })

  it('adds a file for rows that come after their partition was dropped', async () => {
    await stored.ask(`
      drop table flows_20240301;
      create table flows_20240301 partition of flows for values from ('2024-03-01') to ('2024-03-02')`)
    await stored.insert(late(3))
    assert.deepEqual(await archive(), [1, 3, 1])
    assert.deepEqual(flowsOf(), {
      [FIRST]: '262',
      [FIRST.replace('.parquet', '-2.parquet')]: '3',
      [SECOND]: '43',
    })
    assert.equal(await countArchived(), 308)
  })

  it('keeps the names of what is gone', async () => {
    await stored.ask(`delete from names; update exporters set name = null where name = 'core-1'`)
    await archive()
    const { stdout } = await stored.run(
      `netflow top --archive ${stored.folder} ${RANGE} --by exporter --format csv`,
    )
    assert.match(stdout, /198\.51\.100\.1,core-1,/)
  })

  it('writes the manifest that a writer with ARCHIVE_DIR reads', async () => {
    const client = await connectDatabase({ connectionString: stored.database.url })
    try {
      const guard = new ArchiveGuard(stored.folder)
      await guard.check(client, 'flows_20240301', 'only flows_20240301')
      await stored.insert(late(1))
      await assert.rejects(
        guard.check(client, 'flows_20240301', 'only flows_20240301'),
        NotArchivedError,
      )
      await archive()
      await guard.check(client, 'flows_20240301', 'only flows_20240301')
    } finally {
      await client.end()
    }
  })

  it('waits for no other program, and refuses a folder with something else', async () => {
    const client = await connectDatabase({ connectionString: stored.database.url })
    await client.query('select pg_advisory_lock(7411990)')
    const busy = await stored.archive()
    await client.end()
    assert.equal(busy.code, 1)
    assert.match(busy.stderr, /another program archives this database: wait for its end/)
    writeFileSync(join(stored.folder, 'manifest.json'), '{"parts":[],"format":"parquet"}')
    const other = await stored.archive()
    assert.equal(other.code, 1)
    assert.match(other.stderr, /manifest\.json is no manifest of an archive: name another folder/)
    const nowhere = await stored.run('netflow archive')
    assert.equal(nowhere.code, 2)
    assert.match(nowhere.stderr, /no folder for the archive: name it by --to or by ARCHIVE_DIR/)
  })
})
