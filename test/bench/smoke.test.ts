import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readTables } from './results.ts'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const run = promisify(execFile)

// All instruments: npm run bench -- --tiny
describe('the benchmark', () => {
  it('measures in the smallest sizes, prints its tables and writes them as JSON', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'netflow-bench-test-'))
    test.after(() => rm(folder, { recursive: true }))
    const options = ['--tiny', '--only', 'codec,latency', '--results', folder]
    const { stdout } = await run(process.execPath, [MAIN, ...options])
    const tables = readTables(folder)
    assert.deepEqual(
      tables.map(({ id }) => id),
      ['codec', 'latency'],
    )
    for (const { title } of tables) assert.ok(stdout.includes(title))
  })
})
