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

  /** Measures next to nothing; checks that figures come out of each instrument. */
  async function measure(...ids: readonly string[]): Promise<void> {
    const results = join(folder, ids.join('-'))
    const options = ['--tiny', '--only', ids.join(','), '--results', results]
    const { stdout } = await run(process.execPath, [MAIN, ...options], {
      // The last rows of a file are not to wait for others.
      env: { ...process.env, FLUSH_INTERVAL_MS: '20' },
    })
    const [file, ...more] = await readdir(results)
    assert.deepEqual(more, [])
    const { setup, tables } = readResults(join(results, String(file)))
    assert.equal(setup.size, 'tiny')
    assert.deepEqual(
      tables.map(({ id }) => id),
      ids,
    )
    for (const { title, rows } of tables) {
      assert.ok(stdout.includes(title))
      assert.ok(rows.length > 0)
      for (const { name, figures } of rows) {
        const measured = Object.values(figures).filter(({ samples }) => samples.length > 0)
        assert.ok(measured.length > 0, `${title}: there are figures of ${name}`)
      }
    }
  }

  it('measures the parts in one process', () => measure('codec', 'journal', 'line', 'table'))

  it('measures the writer', () => measure('writer', 'growth'))

  it('measures the collector', () => measure('collector'))

  it('measures both processes together', () => measure('latency', 'memory'))

  it('measures other collectors that are installed', () => measure('peers'))
})
