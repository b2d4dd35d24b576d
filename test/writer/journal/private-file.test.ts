import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { writePrivateFile } from '../../../writer/journal/private-file.ts'

const JOURNAL = fileURLToPath(new URL('../../../writer/journal/kept-journal.js', import.meta.url))

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'private-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function modesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    (statSync(join(folder, name)).mode & 0o777).toString(8),
  )
}

/** Opens a journal in a process with its own umask, writes into it, and sets it aside. */
const KEEP_JOURNAL = `
  const { KeptJournal } = await import(${JSON.stringify(JOURNAL)})
  const { writeSync } = await import('node:fs')
  const [folder, umask] = process.argv.slice(1)
  process.umask(Number.parseInt(umask, 8))
  const logger = { warn() {}, error(facts, text) { throw new Error(text) } }
  const limits = { maxBytes: 1_000_000, segmentBytes: 65_536, fsync: false }
  const kept = new KeptJournal({ folder, libc: undefined, logger, ...limits })
  for (const round of [1, 2]) {
    kept.open()
    kept.journal.append({ moveTo: (fd) => writeSync(fd, 'bytes') }, 10)
    kept.noteDatabase('a database')
    kept.noteLoaded()
    if (round === 2) kept.setAside()
    kept.close()
  }`

for (const umask of ['000', '022', '077', '277']) {
  it(`a journal is for its user alone, also with umask ${umask}`, (context) => {
    const folder = join(makeFolder(context), 'journal')
    const script = ['--input-type=module', '-e', KEEP_JOURNAL, folder, umask]
    execFileSync(process.execPath, script)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    const modes = modesBelow(folder)
    assert.ok(modes.length >= 8, modes.join())
    assert.deepEqual([...new Set(modes)].sort(), ['600', '700'])
    assert.equal(modes.filter((mode) => mode === '700').length, 1, 'only the folder set aside')
  })
}

it('a file is written wholly or not at all', (context) => {
  const folder = makeFolder(context)
  const path = join(folder, 'note')
  writePrivateFile(path, 'one')
  assert.throws(() => writePrivateFile(join(folder, 'nowhere', 'note'), 'two'), { code: 'ENOENT' })
  assert.equal(readFileSync(path, 'utf8'), 'one')
  assert.deepEqual(readdirSync(folder), ['note'])
})
