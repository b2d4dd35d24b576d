import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineTail } from '../../../writer/ingest/line-tail.ts'

const tail = new LineTail()

function read(text: string): boolean {
  // Other lines stand around it in the same buffer.
  const bytes = Buffer.from(`["AQID"${text}\n["AQID", 1.5, ["192.0.2.1", 2055]]`)
  return tail.read(bytes, 7, 7 + Buffer.byteLength(text))
}

describe('the tail of a line', () => {
  it('is read as collectors write it', () => {
    assert.equal(read(', 1795241600.123456, ["2001:db8::1", 65535]]'), true)
    assert.equal(tail.receivedAtMicros, 1_795_241_600_123_456)
    assert.equal(tail.address, '2001:db8::1')
    assert.equal(tail.port, 65_535)
    assert.equal(read(', 7.05, ["", 0]]'), true)
    assert.equal(tail.receivedAtMicros, 7_050_000)
    assert.equal(read(', 7, ["192.0.2.1", 1]]'), true)
    assert.equal(tail.receivedAtMicros, 7_000_000)
  })

  it('is left to the JSON parser in any other shape', () => {
    const others = [
      ...[', 1.5,["192.0.2.1", 1]]', ', 1.5, ["192.0.2.1", 1] ]', ',  1.5, ["192.0.2.1", 1]]'],
      ...[', 1.5, ["192.0.2.1", 1]', ', 1.5, ["192.0.2.1", 1]],', ', 1.5, ["192.0.2.1", ]]'],
      ...[', 1.5, ["192.0.2.1]]', ', 1.5, ["1\\u0039", 1]]', ', 1.5, ["\u00e9", 1]]', ''],
      ...[', 1e9, ["192.0.2.1", 1]]', ', -1.5, ["192.0.2.1", 1]]', ', ., ["192.0.2.1", 1]]'],
      ...[', 1., ["192.0.2.1", 1]]', ', 01, ["192.0.2.1", 1]]', ', 1.5, ["192.0.2.1", 01]]'],
      ...[', 1.1234567, ["192.0.2.1", 1]]', ', 1.5, ["192.0.2.1", -1]]', ', 1.5, [7, 1]]'],
    ]
    for (const text of others) assert.equal(read(text), false, text)
  })

  it('means the same as it means to JSON', () => {
    const part = fc.constantFrom(
      ...', |, |1795241600|.|5|123456|0|["|192.0.2.1|", |]]|]| |e'.split('|'),
    )
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
    const likely = fc
      .tuple(fc.nat(4e9), fc.stringMatching(/^\.?\d{0,7}$/), fc.ipV6(), fc.nat(70_000))
      .map(([seconds, rest, address, port]) => `, ${seconds}${rest}, ["${address}", ${port}]]`)
    fc.assert(
      fc.property(fc.oneof(text, likely), (line) => {
        if (!read(line)) return
        const [, seconds, [address, port]] = JSON.parse(`[0${line}`)
        assert.equal(tail.receivedAtMicros, Math.round(seconds * 1e6))
        assert.deepEqual([tail.address, tail.port], [address, port])
      }),
      { numRuns: 2_000 },
    )
  })
})
