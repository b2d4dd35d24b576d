/**
 * Runs the built tests, all or those of one folder, with one PostgreSQL server for the whole run:
 *
 *     node dist/test/run.js [folder or file]    all but the long tests and the containers
 *     node dist/test/run.js --long              the long tests
 */

import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { findMemoryFolder } from './helpers/cluster-template.ts'
import { startRunServer } from './helpers/database.ts'
import { listTestFiles, planTestRun } from './helpers/test-files.ts'

/** Run by `npm run test:compose`. */
const OWN_COMMANDS = ['compose/']
/**
 * Run by `npm run test:long`: whole starts of the program and its server, programs of others (exporters, a
 * browser), and what takes minutes.
 */
const LONG = [
  ...['chaos/', 'console/web/load', 'console/web/page/browser/', 'bench/smoke'],
  ...[
    'end-to-end/',
    'integration/exporters/',
    'launcher/demo/main',
    'launcher/postgres/',
    'package',
  ],
]
/** Run by both; the long run tries more. */
const SHORTENED = ['writer/netflow/decode-fuzz', 'writer/netflow/ipfix-fuzz']
/** Most files wait for processes, or for time to pass, most of their time. */
const CONCURRENCY = 6
/** Loaded before each test file, which would load pg before. */
const PRELOADED = ['../shared/navigator.js', './helpers/source-lines.js'].flatMap((path) => [
  '--import',
  new URL(path, import.meta.url).href,
])
/** A test that hangs fails then; a busy machine needs far less. */
const TEST_TIMEOUT_MS = 600_000

function chooseFiles(area: string, isLong: boolean): string[] {
  const isIn = (folders: readonly string[], name: string) =>
    folders.some((folder) => name.startsWith(folder))
  const isChosen = (name: string) =>
    isLong ? isIn([...LONG, ...SHORTENED], name) : !isIn(LONG, name)
  return listTestFiles()
    .filter((name) => !isIn(OWN_COMMANDS, name))
    .filter((name) => area !== '' || isChosen(name))
    .filter((name) => area === '' || name === area || name.startsWith(`${area}/`))
}

async function runTests(names: readonly string[]): Promise<number> {
  const { folder, entries, isPure } = await planTestRun(names)
  const own = isPure || process.env['DATABASE_URL'] ? undefined : await startRunServer()
  const options = [`--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`]
  const child = spawn(
    process.execPath,
    [...PRELOADED, '--test', '--test-reporter=spec', ...options, ...entries],
    { stdio: 'inherit', env: { ...process.env, ...own?.environment } },
  )
  // Ctrl-C reaches the tests, too: wait for them, then stop the server.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name))
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
  await own?.stop()
  await rm(folder, { recursive: true, force: true })
  return exitCode
}

const [argument = ''] = process.argv.slice(2)
const isLong = argument === '--long'
const area = (isLong ? '' : argument)
  .replace(/^(\.\/)?(dist\/)?test\//, '')
  .replace(/(\.test)?\.[jt]s$|\/+$/, '')
if (isLong) process.env['TEST_LONG'] = '1'
const names = chooseFiles(area, isLong)
if (names.length === 0) {
  console.error(`no tests in test/${area}`)
  process.exitCode = 1
} else {
  // Making a database in memory takes a tenth of the time. The long tests flush to a real disk.
  const memory = isLong || process.env['TMPDIR'] ? undefined : await findMemoryFolder()
  if (memory !== undefined) process.env['TMPDIR'] = memory
  const exitCode = await runTests(names)
  const what = `${names.length} test files${area ? ` of test/${area}` : ''}`
  console.log(exitCode === 0 ? `passed: ${what}` : `FAILED: ${what}, see above`)
  process.exitCode = exitCode
}
