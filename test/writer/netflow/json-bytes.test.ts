import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { JsonBytes } from '../../../writer/netflow/json-bytes.ts'

describe('JSON in bytes', () => {
  it('holds texts of any characters and any length, one after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 })), (texts) => {
        const json = new JsonBytes()
        for (const text of texts) json.putText(text)
        assert.equal(json.toString(), texts.join(''))
      }),
    )
  })

  it('holds the digits of every integer that a number holds exactly', () => {
    const edges = [0, 1, 9, 10, 99, 100, 999_999_999, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1]
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(...edges)), (value) => {
        const json = new JsonBytes()
        json.putText('x')
        json.putUint(value)
        assert.equal(json.toString(), `x${value}`)
      }),
    )
    for (const value of edges) {
      const json = new JsonBytes()
      json.putUint(value)
      assert.equal(json.toString(), String(value))
    }
  })

  it('holds bytes, and bytes in hex', () => {
    const json = new JsonBytes()
    json.putBytes(Buffer.from('"key":'))
    json.putHex(Buffer.from('ff00a5b6', 'hex'), 1, 2)
    assert.equal(json.toString(), '"key":00a5')
  })

  it('keeps its buffer when it is cleared, and grows without losing anything', () => {
    const json = new JsonBytes()
    const { bytes } = json
    json.putText('before')
    json.clear()
    json.putByte(0x5b)
    assert.equal(json.bytes, bytes)
    json.putText('é'.repeat(2_000))
    assert.equal(json.toString(), `[${'é'.repeat(2_000)}`)
  })
})
