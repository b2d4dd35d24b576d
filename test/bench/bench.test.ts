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

  for (const id of ['codec', 'writer', 'profile', 'collector']) {
    it(`can measure: ${id}`, async () => {
      const results = join(folder, id)
      const { stdout } = await run(process.execPath, [
        ...[MAIN, '--tiny', '--only', id, '--results', results],
      ])
      const [file, ...more] = await readdir(results)
      assert.deepEqual(more, [])
      const { tables } = readResults(join(results, String(file)))
      assert.deepEqual(
        tables.map((table) => table.id),
        [id],
      )
      for (const { title, rows } of tables) {
        assert.ok(stdout.includes(title))
        assert.ok(rows.length > 0)
        for (const { name, figures } of rows) {
          const measured = Object.values(figures).filter(({ samples }) => samples.length > 0)
          assert.ok(measured.length > 0, `there are figures of ${name}`)
        }
      }
    })
  }
})
