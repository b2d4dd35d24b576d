import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Manifest, ManifestError } from '../../../console/export/manifest.ts'

const QUESTION = {
  ...{ format: 'csv', asked: '1h ago to now', filter: 'port 53' },
  ...{ since: '2026-11-28T11:00:00Z', until: '2026-11-28T12:00:00Z' },
}
const PART = { file: 'a.csv.gz', since: QUESTION.since, until: QUESTION.until, flows: 3, bytes: 99 }

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('the manifest of an export', () => {
  it('keeps the range and the parts of an export that goes on', async (context) => {
    const folder = makeFolder(context)
    await (await Manifest.open(folder, QUESTION)).add(PART)
    const later = { ...QUESTION, since: '2026-11-28T11:30:00Z', until: '2026-11-28T12:30:00Z' }
    const again = await Manifest.open(folder, later)
    assert.deepEqual(again.question, QUESTION)
    assert.deepEqual(again.find('a.csv.gz'), PART)
  })

  it('is of one format, range and filter: any other needs another folder', async (context) => {
    const folder = makeFolder(context)
    await (await Manifest.open(folder, QUESTION)).save()
    for (const other of [{ format: 'json' }, { asked: '2h ago to now' }, { filter: 'any' }]) {
      await assert.rejects(Manifest.open(folder, { ...QUESTION, ...other }), ManifestError)
    }
    writeFileSync(join(folder, 'manifest.json'), '{"parts": 1}')
    await assert.rejects(Manifest.open(folder, QUESTION), /holds another export/)
  })
})
