/** The units of deploy/systemd, by systemd's own check. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { REPOSITORY } from '../helpers/markdown.ts'

const UNITS = ['netflow-collector.service', 'netflow-writer.service', 'netflow-web.service']

const isInstalled = spawnSync('systemd-analyze', ['--version']).status === 0
const skip = isInstalled ? false : 'systemd-analyze is not installed'

function readUnit(name: string): string {
  return readFileSync(join(REPOSITORY, 'deploy/systemd', name), 'utf8')
}

/** Returns the values of a key, in the order of the file. */
function valuesOf(unit: string, key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
}

describe('the units for systemd', () => {
  it('are correct for systemd', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'netflow-units-'))
    try {
      const paths = UNITS.map((name) => {
        const path = join(folder, name)
        // systemd checks that the program exists, so the paths must be those of this machine.
        const text = readUnit(name)
          .replaceAll('/usr/bin/node', process.execPath)
          .replaceAll('/opt/netflow', REPOSITORY.replace(/\/$/, ''))
        writeFileSync(path, text)
        return path
      })
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
        encoding: 'utf8',
      })
      const complaints = stderr.split('\n').filter((line) => line.includes('netflow-'))
      assert.deepEqual(complaints, [])
      assert.equal(status, 0, stderr)
      const wrong = join(folder, UNITS[0] as string)
      writeFileSync(wrong, readFileSync(wrong, 'utf8').replace('KillMode=mixed', 'KillMode=maybe'))
      const refused = spawnSync('systemd-analyze', ['verify', '--man=no', wrong], {
        encoding: 'utf8',
      })
      assert.match(refused.stderr, /maybe/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('restart the processes, but not for wrong settings', () => {
    for (const name of UNITS) {
      assert.deepEqual(valuesOf(readUnit(name), 'Restart'), ['always'])
      assert.deepEqual(valuesOf(readUnit(name), 'RestartPreventExitStatus'), ['2'])
    }
  })

  it('share the pipe, but not the password of the database, and start programs that the build has', () => {
    const [collector = '', writer = '', web = ''] = UNITS.map(readUnit)
    const [pipe] = valuesOf(collector, 'Environment')
    assert.match(pipe ?? '', /^NAMED_PIPE_FILENAME=\/run\/netflow\//)
    assert.ok(valuesOf(writer, 'Environment').includes(pipe ?? ''))
    assert.deepEqual(valuesOf(collector, 'UnsetEnvironment'), ['DATABASE_URL PGPASSWORD'])
    for (const unit of [collector, writer, web]) {
      const [program = ''] = valuesOf(unit, 'ExecStart')
      const path = program.replace('/usr/bin/node /opt/netflow', REPOSITORY)
      // --check reads the file without running it.
      execFileSync(process.execPath, ['--check', path])
    }
  })
})
