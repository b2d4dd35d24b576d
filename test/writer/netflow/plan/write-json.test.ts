import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { JsonBytes } from '../../../../writer/netflow/json-bytes.ts'
import { FORMAT, type Format, formatJson } from '../../../../writer/netflow/plan/extra-json.ts'
import { viewDatagramBytes } from '../../../../writer/netflow/plan/read-bytes.ts'
import { writeJson } from '../../../../writer/netflow/plan/write-json.ts'

/** Lists are written elsewhere. */
const FORMATS = Object.values(FORMAT).filter((format) => format < FORMAT.basicList)

/** Writes a value that lies between other bytes. */
function written(format: Format, value: Uint8Array): string {
  const json = new JsonBytes()
  json.putText('{"a":')
  const datagram = viewDatagramBytes(Buffer.from([0x22, ...value, 0x5c]))
  writeJson(json, format, datagram, [1, value.length])
  return json.toString().slice('{"a":'.length)
}

function formatted(format: Format, value: Uint8Array): string {
  return formatJson(format, viewDatagramBytes(Buffer.from([0x22, ...value, 0x5c])), 1, value.length)
}

describe('a value written into bytes', () => {
  it('is the text that is written as a string, for every format and any bytes', () => {
    const values = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(`${text}\0\0`)),
    )
    fc.assert(
      fc.property(fc.constantFrom(...FORMATS), values, (format, value) => {
        assert.equal(written(format, value), formatted(format, value))
      }),
      { numRuns: 3_000 },
    )
  })

  it('is exact for integers of 1 to 8 bytes', () => {
    for (const value of [
      '00',
      'ff',
      '7fffffff',
      '80000000',
      '001fffffffffffff',
      '0020000000000000',
    ]) {
      const bytes = Buffer.from(value, 'hex')
      assert.equal(written(FORMAT.uint, bytes), String(BigInt(`0x${value}`)))
    }
  })

  it('escapes what JSON must not hold', () => {
    assert.equal(written(FORMAT.text, Buffer.from('a"b\\c\n')), '"a\\"b\\\\c\\n"')
    assert.equal(written(FORMAT.text, Buffer.from('plain\0\0')), '"plain"')
    assert.equal(written(FORMAT.text, Buffer.from('a\0b')), '{"hex":"610062"}')
    assert.equal(written(FORMAT.ipv4, Buffer.of(192, 0, 2, 255)), '"192.0.2.255"')
    assert.equal(written(FORMAT.mac, Buffer.of(2, 0, 0, 0, 0xab, 1)), '"02:00:00:00:ab:01"')
  })
})
