/** The package that `npm pack` makes: what is in it, and that it works where it is installed. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { REPOSITORY } from './helpers/markdown.ts'

const run = promisify(execFile)

describe('the packed package', () => {
  let folder = ''
  let installed = ''
  let files: readonly string[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'netflow-package-'))
    // The build is there: the tests run from it.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', pack, { cwd: REPOSITORY, maxBuffer: 16e6 })
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
    files = packed.files.map(({ path }) => path)
    installed = join(folder, 'node_modules', 'netflow-to-postgresql')
    await mkdir(installed, { recursive: true })
    const archive = join(folder, packed.filename)
    await run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'])
    await symlink(join(REPOSITORY, 'node_modules'), join(installed, 'node_modules'))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('has the programs and the migrations, but no tests', () => {
    for (const path of [
      'dist/collector/main.js',
      'dist/writer/main.js',
      'dist/writer/migrate.js',
      'dist/writer/create-role.js',
      'dist/console/web/main.js',
      'console/web/page/reference.css',
      'deploy/systemd/netflow-web.service',
      'migrations/0001_create-flows.sql',
      'dist/console/web/page/main.js',
      'console/web/page/index.html',
      'console/web/page/style.css',
      'console/web/page/icon.svg',
      'deploy/systemd/netflow-writer.service',
      'README.md',
      'LICENSE',
    ]) {
      assert.ok(files.includes(path), `${path} is missing`)
    }
    const unwanted = files.filter((path) => /^dist\/test\/|^data\/|\.map$|\.log$/.test(path))
    assert.deepEqual(unwanted, [])
  })

  it('decodes where it is installed', async () => {
    const program = `
      import { DecoderSession, describeElement, toJSON } from 'netflow-to-postgresql/decoder'
      import { StreamSequence } from 'netflow-to-postgresql/sequence'
      const session = new DecoderSession()
      const decoded = session.decodeDatagram(new Uint8Array(1), { exporter: 'x', receivedAt: 0 })
      console.log(decoded.reason, describeElement(0, 8).name, new StreamSequence(5).lost)
      console.log(JSON.stringify(toJSON({ bytes: [2n ** 62n], at: 1.5, none: null })))`
    const parameters = ['--input-type=module', '--eval', program]
    const { stdout } = await run(process.execPath, parameters, { cwd: folder })
    assert.deepEqual(stdout.trim().split('\n'), [
      'too-short sourceIPv4Address 0',
      '{"bytes":["4611686018427387904"],"at":1.5,"none":null}',
    ])
  })

  it('has types for compilers that do not read exports', async () => {
    const text = await readFile(join(installed, 'package.json'), 'utf8')
    const { types, typesVersions } = JSON.parse(text)
    for (const path of [types, ...typesVersions['*'].decoder]) {
      assert.match(await readFile(join(installed, path), 'utf8'), /class DecoderSession/)
    }
    const [sequence] = typesVersions['*'].sequence
    assert.match(await readFile(join(installed, sequence), 'utf8'), /StreamSequence/)
  })

  it('runs its writer, which says what is wrong with its settings', async () => {
    const env = { ...process.env, BATCH_ROWS: 'many' }
    const program = join(installed, 'dist/writer/main.js')
    await assert.rejects(run(process.execPath, [program], { cwd: folder, env }), (error) => {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string }
      assert.equal(code, 2)
      assert.match(`${stdout}${stderr}`, /BATCH_ROWS/)
      return true
    })
  })
})
