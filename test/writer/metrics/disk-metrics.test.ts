import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { addDiskMetrics } from '../../../writer/metrics/disk-metrics.ts'

/** Returns the samples of the file system of a folder, by name. */
async function readSamples(folderOf: () => string): Promise<Map<string, number>> {
  const registry = new Registry()
  addDiskMetrics(registry, folderOf)
  const lines = (await registry.metrics()).split('\n').filter((line) => /^netflow/.test(line))
  return new Map(
    lines.map((line) => line.split(' ')).map(([name = '', value]) => [name, Number(value)]),
  )
}

describe('the disk of the journal', () => {
  it('is as large as the file system says, and has room up to that', async () => {
    const samples = await readSamples(tmpdir)
    const { blocks, bsize } = statfsSync(tmpdir())
    const size = samples.get('netflow_writer_journal_disk_bytes')
    const free = samples.get('netflow_writer_journal_disk_free_bytes')
    assert.equal(size, blocks * bsize)
    assert.ok(free !== undefined && free > 0 && free <= blocks * bsize, `${free}`)
  })

  it('has no figures while the folder is missing, because 0 would look like a full disk', async () => {
    assert.equal((await readSamples(() => join(tmpdir(), 'no-such-folder'))).size, 0)
  })
})
