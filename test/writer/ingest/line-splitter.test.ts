import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineSplitter, MAX_LINE_BYTES } from '../../../writer/ingest/line-splitter.ts'

function split(chunks: readonly Buffer[], position = 0) {
  const lines: string[] = []
  const counts = { oversized: 0 }
  const splitter = new LineSplitter(position)
  const push = (chunk: Buffer) => {
    splitter.push(chunk)
    for (let kind = splitter.next(); kind !== undefined; kind = splitter.next()) {
      const { bytes, start, end } = splitter
      if (kind === 'line') lines.push(bytes.toString('latin1', start, end))
      else counts.oversized += 1
    }
  }
  for (const chunk of chunks) push(chunk)
  return { lines, counts, splitter, push }
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const marks = [0, ...at.map((mark) => mark % (bytes.length + 1)), bytes.length]
  const sorted = marks.sort((a, b) => a - b)
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

describe('LineSplitter', () => {
  it('finds the same lines and position wherever the bytes are cut', () => {
    const line = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', '[', '"') })
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''), 'latin1')
        const result = split(cut(bytes, cuts), 1_000)
        assert.deepEqual(result.lines, lines)
        assert.equal(result.splitter.position, 1_000 + bytes.length)
      }),
    )
  })

  it('counts empty lines in the position and reports none of them', () => {
    const { lines, splitter } = split([Buffer.from('\n\na\n\n')])
    assert.deepEqual(lines, ['a'])
    assert.equal(splitter.position, 5)
  })

  it('keeps the beginning of a line until its end comes', () => {
    const { lines, splitter, push } = split([Buffer.from('ab'), Buffer.from('cd')])
    assert.deepEqual(lines, [])
    assert.equal(splitter.position, 0)
    push(Buffer.from('\n'))
    assert.deepEqual(lines, ['abcd'])
    assert.equal(splitter.position, 5)
  })

  it('skips a line that is too long to its end, once reported, and reads the next one', () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 10, 'x')
    const chunks = [long.subarray(0, 70_000), long.subarray(70_000), Buffer.from('y\ngood\n')]
    const { lines, counts, splitter } = split(chunks)
    assert.deepEqual(lines, ['good'])
    assert.equal(counts.oversized, 1)
    assert.equal(splitter.position, long.length + 'y\ngood\n'.length)
  })
})
