import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { BlockSums } from '../../../writer/journal/block-sums.ts'

const BLOCKS = 40

function makeFile(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'block-sums-'))
  const path = join(folder, 'lines')
  const bytes = Buffer.alloc(BLOCKS * BlockSums.BLOCK_BYTES + 7, 'line\n')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  context.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  return { bytes, fd, sumsPath: join(folder, 'crc') }
}

describe('checksums of blocks', () => {
  it('are made of every whole block, and read again', (context) => {
    const { bytes, fd, sumsPath } = makeFile(context)
    const sums = BlockSums.create(sumsPath)
    sums.seal(fd, bytes.length)
    sums.close()
    assert.equal(statSync(sumsPath).size, BLOCKS * 4)
    const again = BlockSums.read(sumsPath)
    assert.equal(again.sealedBytes, BLOCKS * BlockSums.BLOCK_BYTES)
    assert.equal(again.check(bytes, 0), bytes.length)
    bytes.writeUInt8(0, 3 * BlockSums.BLOCK_BYTES)
    assert.equal(again.check(bytes, 0), 3 * BlockSums.BLOCK_BYTES)
  })

  it('are kept in memory while the disk is full', {
    skip: existsSync('/dev/full') ? false : 'this system has no /dev/full',
  }, (context) => {
    const { bytes, fd } = makeFile(context)
    const sums = BlockSums.create('/dev/full')
    context.after(() => sums.close())
    sums.seal(fd, bytes.length)
    assert.equal(sums.check(bytes, 0), bytes.length)
    bytes.writeUInt8(0, 3 * BlockSums.BLOCK_BYTES)
    assert.equal(sums.check(bytes, 0), 3 * BlockSums.BLOCK_BYTES)
  })

  it('are written some at a time, and the last ones when the file is closed', (context) => {
    const { bytes, sumsPath } = makeFile(context)
    const whole = bytes.subarray(0, BLOCKS * BlockSums.BLOCK_BYTES)
    const sums = BlockSums.create(sumsPath)
    sums.check(whole, 0)
    assert.equal(statSync(sumsPath).size, 0)
    sums.check(whole, whole.length)
    assert.equal(statSync(sumsPath).size, 2 * BLOCKS * 4)
    sums.check(whole, 2 * whole.length)
    assert.equal(statSync(sumsPath).size, 2 * BLOCKS * 4)
    sums.close()
    assert.equal(statSync(sumsPath).size, 3 * BLOCKS * 4)
  })
})
