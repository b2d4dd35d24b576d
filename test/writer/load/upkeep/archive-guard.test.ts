import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { PARTITION_DISPOSAL } from '../../../../writer/load/stores/partitioned-store.ts'
import { listPartitions, Partitions } from '../../../../writer/load/stores/partitions.ts'
import { ArchiveGuard } from '../../../../writer/load/upkeep/archive-guard.ts'
import { Retention } from '../../../../writer/load/upkeep/retention.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ago, hourAgo, nameOf } from '../days-ago.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

describe('retention beside an archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-guard-'))
  let database: TestDatabase
  let client: pg.Client
  let lines: LogLine[]
  let guard: ArchiveGuard
  let retention: Retention
  before(async () => {
    database = await createTestDatabase()
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await database.drop()
  })
  beforeEach(async () => {
    client = await connectDatabase({ connectionString: database.url })
    for (const { name } of await listPartitions(client)) await client.query(`drop table ${name}`)
    const hours = [0, 4, 5].map(hourAgo)
    await new Partitions('day').ensure(client, hours)
    await insert(0, 1)
    await insert(4, 10)
    rmSync(join(folder, 'manifest.json'), { force: true })
    lines = []
    guard = new ArchiveGuard(folder)
    retention = new Retention({
      ...{ store: { disposal: PARTITION_DISPOSAL }, days: 2, bytes: 0, archive: guard },
      logger: recordingLogger(lines),
    })
  })
  afterEach(() => client.end())

  async function insert(days: number, rows: number): Promise<void> {
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version, bytes)
       select $1, '192.0.2.1', 0, 9, 100 from generate_series(1, $2)`,
      [new Date(ago(days)), rows],
    )
  }

  /** Writes a manifest that has this partition with a number of rows. */
  async function writeManifest(rows: number, id?: string): Promise<void> {
    const { rows: found } = await client.query('select $1::regclass::oid::text as id', [nameOf(4)])
    const counts = { flows: String(rows), bytes: String(100 * rows), packets: '0' }
    const part = { partition: nameOf(4), id: id ?? found[0].id, ...counts }
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ parts: [part] }))
  }

  const apply = () => retention.apply(client, Date.now())
  const names = async () => (await listPartitions(client)).map(({ name }) => name)
  const warnings = () => lines.filter(({ level }) => level === 40).map(({ remedy }) => remedy)

  it('keeps what is not archived, says so, and drops it when it is', async () => {
    assert.equal(await apply(), false)
    // The empty one has nothing to archive.
    assert.deepEqual(await names(), [nameOf(4), nameOf(0)])
    assert.deepEqual(warnings(), [
      `the archive in ${folder} does not hold it as it is: netflow archive --to ${folder}`,
    ])
    assert.equal(guard.waiting, 1)
    await writeManifest(10)
    assert.equal(await apply(), true)
    assert.deepEqual(await names(), [nameOf(0)])
    assert.equal(guard.waiting, 0)
  })

  it('keeps a partition with rows that came after it was archived', async () => {
    await writeManifest(10)
    await insert(4, 1)
    assert.equal(await apply(), false)
    assert.deepEqual(await names(), [nameOf(4), nameOf(0)])
    await writeManifest(11)
    assert.equal(await apply(), true)
    assert.deepEqual(await names(), [nameOf(0)])
  })

  it('does not take an earlier partition of the same name for this one', async () => {
    await writeManifest(10, '1')
    assert.equal(await apply(), false)
    assert.deepEqual(await names(), [nameOf(4), nameOf(0)])
  })

  it('keeps partitions while the manifest cannot be read', async () => {
    writeFileSync(join(folder, 'manifest.json'), '{"parts": ')
    assert.equal(await apply(), false)
    assert.deepEqual(await names(), [nameOf(4), nameOf(0)])
  })

  it('does not wait for a partition that somebody else dropped', async () => {
    await apply()
    await client.query(`drop table ${nameOf(4)}`)
    assert.equal(await apply(), true)
    assert.equal(guard.waiting, 0)
  })

  it('drops without an archive what is old', async () => {
    const plain = new Retention({
      store: { disposal: PARTITION_DISPOSAL },
      ...{ days: 2, bytes: 0, archive: new ArchiveGuard('') },
      logger: recordingLogger(lines),
    })
    assert.equal(await plain.apply(client, Date.now()), true)
    assert.deepEqual(await names(), [nameOf(0)])
  })
})
