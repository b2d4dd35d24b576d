import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LAUNCHER_SETTINGS } from '../../launcher/settings.ts'
import { replyTo } from '../../shared/command-line.ts'
import { REPOSITORY } from '../helpers/markdown.ts'

const run = promisify(execFile)
const PROGRAM = { command: 'it', summary: 'Does it.', settings: LAUNCHER_SETTINGS }
const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))

async function ask(main: string, argument: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../${main}`, import.meta.url))
  const { stdout } = await run(process.execPath, [path, argument], { env: { PATH: '/bin' } })
  return stdout
}

const MAINS = [
  'collector/main.js',
  'writer/main.js',
  'console/web/main.js',
  'launcher/main.js',
  'launcher/demo/main.js',
  'writer/migrate.js',
  'writer/create-role.js',
]

describe('the command line of a process', () => {
  it('explains every setting in one line', () => {
    const reply = replyTo(PROGRAM, ['--help'])
    assert.equal(reply?.exitCode, 0)
    for (const name of Object.keys(LAUNCHER_SETTINGS)) {
      const line = reply?.text.split('\n').find((text) => text.trim().startsWith(`${name} `))
      assert.match(line ?? '', /\S+ {2,}\S+.* \S{2,}/, `${name} has no meaning`)
    }
    assert.match(reply?.text ?? '', /NETFLOW_PORT +2055 +UDP ports/)
  })

  it('without arguments lets the process begin, and refuses unknown ones', () => {
    assert.equal(replyTo(PROGRAM, []), undefined)
    const reply = replyTo(PROGRAM, ['--port=2055'])
    assert.equal(reply?.exitCode, 2)
    assert.match(reply?.text ?? '', /unknown argument --port=2055: settings are environment/)
  })

  it('tells the version of the package', async () => {
    assert.equal(await ask('collector/main.js', '--version'), `${version}\n`)
  })

  for (const main of MAINS) {
    it(`tells its usage: ${main}`, async () => {
      assert.match(await ask(main, '--help'), /^usage: /m)
    })
  }
})
