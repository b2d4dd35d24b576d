import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  findServerBinaries,
  hydrate,
  NoServerBinariesError,
} from '../../../launcher/postgres/server-binaries.ts'

describe('the server binaries', () => {
  it('are found for a new cluster, and for one of their version', async () => {
    const found = await findServerBinaries()
    assert.ok(found.major >= 15)
    assert.deepEqual(await findServerBinaries(found.major), found)
  })

  it('of a version that is not installed are an error, which lists the installed ones', async () => {
    await assert.rejects(findServerBinaries(9), (error) => {
      assert.ok(error instanceof NoServerBinariesError)
      assert.match(error.message, /made by PostgreSQL 9.*\(PostgreSQL \d+ in \//)
      return true
    })
  })

  it('get the links that npm omitted, as often as necessary', async () => {
    const root = await mkdtemp(join(tmpdir(), 'netflow-binaries-'))
    await mkdir(join(root, 'native/lib'), { recursive: true })
    await writeFile(join(root, 'native/lib/libx.so.1.2'), 'library')
    const links = ['native/lib/libx.so', 'native/lib/libx.so.1']
    const list = links.map((target) => ({ source: 'native/lib/libx.so.1.2', target }))
    await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(list))
    await hydrate(root)
    await hydrate(root)
    for (const link of links) assert.equal(await readFile(join(root, link), 'utf8'), 'library')
    await rm(root, { recursive: true })
  })
})
