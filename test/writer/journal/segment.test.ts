import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Segment } from '../../../writer/journal/segment.ts'

const BLOCK = 4_096
const BYTES = 3 * BLOCK + 100

function makeSegment(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'segment-'))
  const segment = Segment.create(folder, 0)
  context.after(() => {
    segment.close()
    rmSync(folder, { recursive: true })
  })
  const bytes = Buffer.alloc(BYTES, 'line\n')
  segment.append({ moveTo: (fd, room) => writeSync(fd, bytes, 0, room) }, BYTES)
  segment.seal()
  return { path: join(folder, '0000000000000000.lines'), segment }
}

describe('a segment of the journal', () => {
  it('is closed after its bytes are on the disk, if that is on its way', async (context) => {
    const { path, segment } = makeSegment(context)
    // A deleted file is there for those who have it open.
    rmSync(path)
    const synced = new Promise((resolve) => segment.sync(resolve))
    segment.close()
    assert.deepEqual([segment.isSyncing, segment.isDeleted], [true, true])
    assert.equal(await synced, null)
    assert.deepEqual([segment.isSyncing, segment.isDeleted], [false, false])
  })

  it('whose file is cut lacks all bytes from there on, in one piece', (context) => {
    const { path, segment } = makeSegment(context)
    truncateSync(path, BLOCK)
    const buffer = Buffer.alloc(8 * BLOCK)
    assert.equal(segment.read(10, buffer).bytes.length, BLOCK - 10)
    for (const offset of [BLOCK, BLOCK + 10]) {
      const { bytes, badBytes } = segment.read(offset, buffer)
      assert.deepEqual([bytes.length, badBytes], [0, BYTES - offset])
    }
  })
})
