/** The file that ELEMENTS_FILE names is a setting like others. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { SettingsError } from '../../shared/settings.ts'
import { readWriterSettings } from '../../writer/config.ts'
import { readElementsFile } from '../../writer/elements-file.ts'

describe('ELEMENTS_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-elements-'))
  const path = join(folder, 'elements.csv')
  after(() => rmSync(folder, { recursive: true }))

  /** Returns the problems of the settings with this file beside another wrong setting. */
  function problemsWith(file: string): readonly string[] {
    try {
      readWriterSettings({ ELEMENTS_FILE: file, COPY_LANES: '0' })
    } catch (error) {
      assert.ok(error instanceof SettingsError)
      return error.problems.filter((problem) => problem.startsWith('ELEMENTS_FILE='))
    }
    return []
  }

  it('may be empty, and has no elements then', () => {
    assert.equal(readWriterSettings({}).ELEMENTS_FILE, '')
    assert.deepEqual(readElementsFile(''), [])
  })

  it('has the elements of the file', () => {
    writeFileSync(path, '64512,7,acmeUser,string\n')
    assert.equal(readWriterSettings({ ELEMENTS_FILE: path }).ELEMENTS_FILE, path)
    const expected = [{ enterprise: 64_512, id: 7, name: 'acmeUser', type: 'string' }]
    assert.deepEqual(readElementsFile(path), expected)
  })

  it('lists the wrong lines beside the other wrong settings, up to twenty', () => {
    writeFileSync(path, '64512,7,acmeUser,strng\n64512,x,acmeUser,string\n')
    const [first, second, ...others] = problemsWith(path)
    assert.match(String(first), /^ELEMENTS_FILE=.*elements.csv: line 1: unknown type "strng"/)
    assert.match(String(second), /: line 2: the id "x" is not a whole number$/)
    assert.deepEqual(others, [])
    writeFileSync(path, 'a,b\n'.repeat(30))
    const many = problemsWith(path)
    assert.deepEqual([many.length, many.at(-1)], [21, `ELEMENTS_FILE=${path}: 10 more problems`])
    assert.throws(() => readElementsFile(path), SettingsError)
  })

  it('must be a file that can be read', () => {
    for (const bad of [join(folder, 'missing.csv'), folder]) {
      assert.match(String(problemsWith(bad)), /cannot be read \((ENOENT|EISDIR)\); give the path/)
    }
  })
})
