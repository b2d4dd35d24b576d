/**
 * Runs the built tests, all or those of one folder, with one PostgreSQL server for the whole run:
 * `node dist/test/run.js [folder or file]`. The compose test has a command of its own.
 */

import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRunServer } from './helpers/database.ts'

const TESTS_DIR = fileURLToPath(new URL('.', import.meta.url))
const OWN_COMMANDS = ['compose/']
/** A test that hangs fails after it, far beyond what a busy machine needs. */
const TEST_TIMEOUT_MS = 600_000

async function findTestFiles(area: string): Promise<string[]> {
  const entries = await readdir(TESTS_DIR, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => relative(TESTS_DIR, join(entry.parentPath, entry.name)))
    .filter((path) => !OWN_COMMANDS.some((folder) => path.startsWith(folder)))
    .filter((path) => area === '' || path.startsWith(`${area}/`) || path === `${area}.test.js`)
    .sort()
    .map((path) => join(TESTS_DIR, path))
}

async function runTests(files: readonly string[]): Promise<number> {
  const own = process.env['DATABASE_URL'] ? undefined : await startRunServer()
  const environment = own?.environment ?? {}
  const options = ['--test-concurrency=2', `--test-timeout=${TEST_TIMEOUT_MS}`]
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--test', '--test-reporter=spec', ...options, ...files],
    { stdio: 'inherit', env: { ...process.env, ...environment } },
  )
  // Ctrl-C reaches the tests, too: wait for them, then stop the server.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name))
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
  await own?.stop()
  return exitCode
}

const area = (process.argv[2] ?? '')
  .replace(/^(\.\/)?(dist\/)?test\//, '')
  .replace(/(\.test)?\.[jt]s$|\/+$/, '')
const files = await findTestFiles(area)
if (files.length === 0) {
  console.error(`no tests in test/${area}`)
  process.exitCode = 1
} else {
  const exitCode = await runTests(files)
  const what = `${files.length} test files${area ? ` of test/${area}` : ''}`
  console.log(exitCode === 0 ? `passed: ${what}` : `FAILED: ${what}, see above`)
  process.exitCode = exitCode
}
