import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ENSURE = fileURLToPath(new URL('../../../launcher/ensure.mjs', import.meta.url))

const PACKAGES = {
  '': { name: 'clone' },
  'node_modules/typescript': { version: '1.0.0', dev: true },
  'node_modules/server-for-another-system': { version: '1.0.0', optional: true },
}

/** In the place of npm: notes the call, and after a while has "installed" a compiler. */
const FAKE_NPM = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync('calls', 'npm ' + process.argv[2] + '\\n')
await new Promise((resolve) => setTimeout(resolve, 300))
mkdirSync('node_modules/typescript/bin', { recursive: true })
writeFileSync('node_modules/typescript/bin/tsc', process.env.FAKE_TSC)
writeFileSync('node_modules/.package-lock.json', process.env.FAKE_INSTALLED)
`

/** In the place of tsc: notes the call and has "built" one file. */
const FAKE_TSC = `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync('calls', 'tsc\\n')
if (process.env.TSC_FAILS) process.exit(1)
mkdirSync('dist/shared', { recursive: true })
writeFileSync('dist/shared/a.js', '')
`

let clone: string

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'netflow-clone-'))
  for (const folder of ['launcher', 'shared', 'test']) await mkdir(join(clone, folder))
  await copyFile(ENSURE, join(clone, 'launcher/ensure.mjs'))
  await writeFile(join(clone, 'package.json'), '{"type": "commonjs"}')
  await writeFile(join(clone, 'npm-cli.mjs'), FAKE_NPM)
  await writeFile(join(clone, 'npm-cli.js'), "import('./npm-cli.mjs')")
  await writeFile(join(clone, 'tsconfig.json'), '{}')
  await writeFile(join(clone, 'shared/a.ts'), '')
  await writeLock('1.0.0')
})

afterEach(() => rm(clone, { recursive: true, force: true }))

function writeLock(version: string): Promise<void> {
  const packages = { ...PACKAGES, 'node_modules/typescript': { version, dev: true } }
  return writeFile(join(clone, 'package-lock.json'), JSON.stringify({ packages }))
}

interface Outcome {
  readonly code: number
  readonly output: string
}

function ensure(
  parameters: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const env = {
    ...process.env,
    npm_execpath: join(clone, 'npm-cli.js'),
    FAKE_TSC,
    FAKE_INSTALLED: JSON.stringify({
      packages: { 'node_modules/typescript': { version: '1.0.0' } },
    }),
    ...environment,
  }
  const command = [join(clone, 'launcher/ensure.mjs'), ...parameters]
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env, cwd: clone }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}

/** The programs that were run so far. */
async function calls(): Promise<string[]> {
  const path = join(clone, 'calls')
  return existsSync(path) ? (await readFile(path, 'utf8')).trim().split('\n') : []
}

describe('before a command, the clone', () => {
  it('is installed and built once, and left alone when nothing changed', async () => {
    const first = await ensure()
    assert.equal(first.code, 0, first.output)
    assert.match(first.output, /installing packages \(npm ci\)[\s\S]*building \(tsc\)/)
    assert.deepEqual(await ensure(), { code: 0, output: '' })
    assert.deepEqual(await calls(), ['npm ci', 'tsc'])
  })

  it('is only installed when a command needs no build', async () => {
    assert.equal((await ensure(['--install-only'])).code, 0)
    assert.deepEqual(await calls(), ['npm ci'])
  })

  it('is installed and built once by commands that are started at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => ensure()))
    for (const { code, output } of outcomes) assert.equal(code, 0, output)
    assert.deepEqual(await calls(), ['npm ci', 'tsc'])
    assert.equal(existsSync(join(clone, 'dist/.ensure.lock')), false)
  })

  it('is built again when a source is newer, new or gone', async () => {
    await ensure()
    await utimes(join(clone, 'shared/a.ts'), new Date(), new Date(Date.now() + 5_000))
    await ensure()
    await writeFile(join(clone, 'test/b.ts'), '')
    await ensure()
    await mkdir(join(clone, 'dist/test'))
    await writeFile(join(clone, 'dist/test/b.js'), '')
    await rm(join(clone, 'test/b.ts'))
    await ensure()
    assert.deepEqual(await calls(), ['npm ci', 'tsc', 'tsc', 'tsc', 'tsc'])
    assert.equal(existsSync(join(clone, 'dist/test/b.js')), false, 'what is left over would run')
    assert.equal(existsSync(join(clone, 'dist/shared/a.js')), true)
  })

  it('is built again after a build that failed', async () => {
    const failed = await ensure([], { TSC_FAILS: '1' })
    assert.equal(failed.code, 1)
    assert.match(failed.output, /ensure: .*tsc.* ended with 1/)
    assert.equal((await ensure()).code, 0)
    assert.deepEqual(await calls(), ['npm ci', 'tsc', 'tsc'])
  })

  it('is installed again when the lock file wants another version', async () => {
    await ensure()
    await writeLock('2.0.0')
    await ensure(['--install-only'])
    assert.deepEqual(await calls(), ['npm ci', 'tsc', 'npm ci'])
  })

  it('keeps a node_modules that is a link, whatever is in it', async () => {
    await ensure()
    await rename(join(clone, 'node_modules'), join(clone, 'elsewhere'))
    await symlink(join(clone, 'elsewhere'), join(clone, 'node_modules'))
    await writeLock('2.0.0')
    const { code, output } = await ensure()
    assert.equal(code, 0, output)
    assert.match(output, /node_modules is a link/)
    assert.deepEqual(await calls(), ['npm ci', 'tsc', 'tsc'])
  })

  it('is not kept waiting by a lock whose owner is gone', async () => {
    await mkdir(join(clone, 'dist'))
    await writeFile(join(clone, 'dist/.ensure.lock'), `${process.pid} another-time`)
    assert.equal((await ensure()).code, 0)
    assert.deepEqual(await calls(), ['npm ci', 'tsc'])
  })
})
