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
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const ENSURE = fileURLToPath(new URL('../../../launcher/ensure.mjs', import.meta.url))

const PACKAGES = {
  '': { name: 'clone' },
  'node_modules/typescript': { version: '1.0.0', dev: true },
  'node_modules/server-for-another-system': { version: '1.0.0', optional: true },
}

/** Replaces npm: records the call, and after a while has "installed" a compiler. */
const FAKE_NPM = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync('calls', 'npm ' + process.argv[2] + '\\n')
await new Promise((resolve) => setTimeout(resolve, 300))
mkdirSync('node_modules/typescript/bin', { recursive: true })
writeFileSync('node_modules/typescript/bin/tsc', process.env.FAKE_TSC)
writeFileSync('node_modules/.package-lock.json', process.env.FAKE_INSTALLED)
`

/** Replaces tsc: records the call and has "built" one file. */
const FAKE_TSC = `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync('calls', 'tsc\\n')
appendFileSync('compiled', 'tsc ' + process.argv[3] + '\\n')
if (process.env.TSC_FAILS) process.exit(1)
mkdirSync('dist/shared', { recursive: true })
writeFileSync('dist/shared/a.js', '')
`

interface Outcome {
  readonly code: number
  readonly output: string
}

/** A clone with sources, a fake npm and a fake compiler. */
class Clone {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Creates a clone, which is removed after the test. */
  static async create(context: TestContext): Promise<Clone> {
    const clone = new Clone(await mkdtemp(join(tmpdir(), 'netflow-clone-')))
    context.after(() => rm(clone.folder, { recursive: true, force: true }))
    for (const folder of ['launcher', 'shared', 'test']) await mkdir(clone.path(folder))
    await copyFile(ENSURE, clone.path('launcher/ensure.mjs'))
    await writeFile(clone.path('package.json'), '{"type": "commonjs"}')
    await writeFile(clone.path('npm-cli.mjs'), FAKE_NPM)
    await writeFile(clone.path('npm-cli.js'), "import('./npm-cli.mjs')")
    await writeFile(clone.path('tsconfig.json'), '{}')
    await writeFile(clone.path('shared/a.ts'), '')
    await clone.writeLock('1.0.0')
    return clone
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  writeLock(version: string): Promise<void> {
    const packages = { ...PACKAGES, 'node_modules/typescript': { version, dev: true } }
    return writeFile(this.path('package-lock.json'), JSON.stringify({ packages }))
  }

  ensure(
    parameters: readonly string[] = [],
    environment: Record<string, string> = {},
  ): Promise<Outcome> {
    const env = {
      ...process.env,
      npm_execpath: this.path('npm-cli.js'),
      FAKE_TSC,
      FAKE_INSTALLED: JSON.stringify({
        packages: { 'node_modules/typescript': { version: '1.0.0' } },
      }),
      ...environment,
    }
    const command = [this.path('launcher/ensure.mjs'), ...parameters]
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env, cwd: this.folder }, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
      })
    })
  }

  /** Reads which programs were run so far. */
  calls(): Promise<string[]> {
    return this.#lines('calls')
  }

  /** Reads which configurations the compiler was given. */
  compiled(): Promise<string[]> {
    return this.#lines('compiled')
  }

  async #lines(name: string): Promise<string[]> {
    const path = this.path(name)
    return existsSync(path) ? (await readFile(path, 'utf8')).trim().split('\n') : []
  }
}

describe('before a command, the clone', { concurrency: 4 }, () => {
  it('is installed and built once, and stays as it is without changes', async (context) => {
    const clone = await Clone.create(context)
    const first = await clone.ensure()
    assert.equal(first.code, 0, first.output)
    assert.match(first.output, /installing packages \(npm ci\)[\s\S]*building \(tsc\)/)
    assert.deepEqual(await clone.ensure(), { code: 0, output: '' })
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc'])
  })

  it('is only installed when a command needs no build', async (context) => {
    const clone = await Clone.create(context)
    assert.equal((await clone.ensure(['--install-only'])).code, 0)
    assert.deepEqual(await clone.calls(), ['npm ci'])
  })

  it('is installed and built once by commands that start at the same time', async (context) => {
    const clone = await Clone.create(context)
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => clone.ensure()))
    for (const { code, output } of outcomes) assert.equal(code, 0, output)
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc'])
    assert.equal(existsSync(clone.path('dist/.ensure.lock')), false)
  })

  it('is built again when a source is changed, new or removed', async (context) => {
    const clone = await Clone.create(context)
    await clone.ensure()
    await utimes(clone.path('shared/a.ts'), new Date(), new Date(Date.now() + 5_000))
    await clone.ensure()
    await writeFile(clone.path('test/b.ts'), '')
    await clone.ensure()
    await mkdir(clone.path('dist/test'))
    await writeFile(clone.path('dist/test/b.js'), '')
    await rm(clone.path('test/b.ts'))
    await clone.ensure()
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc', 'tsc', 'tsc', 'tsc'])
    assert.equal(existsSync(clone.path('dist/test/b.js')), false, 'a leftover test would run')
    assert.equal(existsSync(clone.path('dist/shared/a.js')), true)
  })

  it('has what the compiler does not make, generated and kept', async (context) => {
    const clone = await Clone.create(context)
    await mkdir(clone.path('console/query/filter'), { recursive: true })
    await writeFile(clone.path('console/query/filter/filter-parser.peggy'), '')
    await writeFile(
      clone.path('console/query/filter/generate-parser.mjs'),
      `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
      mkdirSync('dist/console/query/filter', { recursive: true })
      writeFileSync('dist/console/query/filter/filter-parser.js', '')
      appendFileSync('calls', 'generator\\n')`,
    )
    assert.equal((await clone.ensure()).code, 0)
    const later = new Date(Date.now() + 5_000)
    await utimes(clone.path('console/query/filter/filter-parser.peggy'), later, later)
    assert.equal((await clone.ensure()).code, 0)
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc', 'generator', 'tsc', 'generator'])
    assert.equal(existsSync(clone.path('dist/console/query/filter/filter-parser.js')), true)
  })

  it('has the page compiled by its own configuration, again when one of its files is changed', async (context) => {
    const clone = await Clone.create(context)
    await mkdir(clone.path('console/web/page'), { recursive: true })
    for (const name of ['tsconfig.json', 'index.html', 'style.css']) {
      await writeFile(clone.path(`console/web/page/${name}`), '{}')
    }
    await clone.ensure()
    const once = ['tsc tsconfig.json', 'tsc console/web/page/tsconfig.json']
    assert.deepEqual(await clone.compiled(), once)
    for (const [age, name] of ['tsconfig.json', 'index.html', 'style.css'].entries()) {
      const later = new Date(Date.now() + 5_000 + age)
      await utimes(clone.path(`console/web/page/${name}`), later, later)
      assert.equal((await clone.ensure()).code, 0)
      assert.deepEqual(await clone.ensure(), { code: 0, output: '' })
    }
    assert.deepEqual(await clone.compiled(), [...once, ...once, ...once, ...once])
  })

  it('is built again after a failed build', async (context) => {
    const clone = await Clone.create(context)
    const failed = await clone.ensure([], { TSC_FAILS: '1' })
    assert.equal(failed.code, 1)
    assert.match(failed.output, /ensure: .*tsc.* ended with 1/)
    assert.equal((await clone.ensure()).code, 0)
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc', 'tsc'])
  })

  it('is installed again when the lock file wants another version', async (context) => {
    const clone = await Clone.create(context)
    await clone.ensure()
    await clone.writeLock('2.0.0')
    await clone.ensure(['--install-only'])
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc', 'npm ci'])
  })

  it('keeps a node_modules that is a link, whatever it contains', async (context) => {
    const clone = await Clone.create(context)
    await clone.ensure()
    await rename(clone.path('node_modules'), clone.path('elsewhere'))
    await symlink(clone.path('elsewhere'), clone.path('node_modules'))
    await clone.writeLock('2.0.0')
    const { code, output } = await clone.ensure()
    assert.equal(code, 0, output)
    assert.match(output, /node_modules is a link/)
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc', 'tsc'])
  })

  it('does not wait for a lock whose owner has ended', async (context) => {
    const clone = await Clone.create(context)
    await mkdir(clone.path('dist'))
    await writeFile(clone.path('dist/.ensure.lock'), `${process.pid} another-time`)
    assert.equal((await clone.ensure()).code, 0)
    assert.deepEqual(await clone.calls(), ['npm ci', 'tsc'])
  })
})
