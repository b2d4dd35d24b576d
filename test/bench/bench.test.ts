import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readResults } from './results-file.ts'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const run = promisify(execFile)

describe('the benchmark', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'netflow-bench-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('can measure with every instrument', async () => {
    const { stdout } = await run(process.execPath, [MAIN, '--tiny', '--results', folder], {
      // The last rows of a file are not to wait for others.
      env: { ...process.env, FLUSH_INTERVAL_MS: '20' },
    })
    const [file, ...more] = await readdir(folder)
    assert.deepEqual(more, [])
    const { setup, tables } = readResults(join(folder, String(file)))
    assert.equal(setup.size, 'tiny')
    assert.deepEqual(
      tables.map(({ id }) => id),
      ['codec', 'writer', 'profile', 'line', 'collector', 'latency', 'memory', 'growth', 'table'],
    )
    for (const { title, rows } of tables) {
      assert.ok(stdout.includes(title))
      assert.ok(rows.length > 0)
      for (const { name, figures } of rows) {
        const measured = Object.values(figures).filter(({ samples }) => samples.length > 0)
        assert.ok(measured.length > 0, `${title}: there are figures of ${name}`)
      }
    }
  })
})
