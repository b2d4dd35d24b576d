/** Values of every type as JSON that jsonb accepts, at the ends of their ranges. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  FORMAT,
  type Format,
  formatJson,
  formatOf,
  jsonKey,
} from '../../../../writer/netflow/plan/extra-json.ts'
import { viewDatagramBytes } from '../../../../writer/netflow/plan/read-bytes.ts'
import { assertJsonb } from '../../../helpers/decoder-harness.ts'
import { hex } from '../../../helpers/netflow-bytes.ts'

function format(as: Format, value: string): string {
  const bytes = hex(`ff ${value} ff`)
  const json = formatJson(as, viewDatagramBytes(bytes), 1, bytes.length - 2)
  assertJsonb(`{"value":${json}}`)
  return json
}

describe('numbers', () => {
  it('without sign are exact in every width', () => {
    assert.equal(format(FORMAT.uint, 'ff'), '255')
    assert.equal(format(FORMAT.uint, '001fffff ffffffff'), '9007199254740991')
    assert.equal(format(FORMAT.uint, '00200000 00000001'), '9007199254740993')
    assert.equal(format(FORMAT.uint, 'ffffffff ffffffff'), '18446744073709551615')
    assert.equal(format(FORMAT.uint, '010000000000'), '1099511627776')
  })

  it('with sign are exact in every width', () => {
    const least = ['-128', '-32768', '-8388608', '-2147483648', '-549755813888']
    least.push('-140737488355328', '-36028797018963968', '-9223372036854775808')
    for (const [index, text] of least.entries()) {
      assert.equal(format(FORMAT.int, `80${'00'.repeat(index)}`), text)
      assert.equal(format(FORMAT.int, 'ff'.repeat(index + 1)), '-1')
    }
    assert.equal(format(FORMAT.int, '7fffffffffffffff'), '9223372036854775807')
  })

  it('with a fraction are JSON numbers, or text if JSON has no such number', () => {
    assert.equal(format(FORMAT.float, '3f800000'), '1')
    assert.equal(format(FORMAT.float, '3ff8000000000000'), '1.5')
    assert.equal(format(FORMAT.float, '7fefffffffffffff'), '1.7976931348623157e+308')
    assert.equal(format(FORMAT.float, '0000000000000001'), '5e-324')
    assert.equal(format(FORMAT.float, '8000000000000000'), '0')
    assert.equal(format(FORMAT.float, '7fc00000'), '"NaN"')
    assert.equal(format(FORMAT.float, '7f800000'), '"Infinity"')
    assert.equal(format(FORMAT.float, 'fff0000000000000'), '"-Infinity"')
  })

  it('are true and false for the booleans 1 and 2', () => {
    assert.equal(format(FORMAT.boolean, '01'), 'true')
    assert.equal(format(FORMAT.boolean, '02'), 'false')
    assert.equal(format(FORMAT.boolean, '00'), '0')
    assert.equal(format(FORMAT.boolean, '03'), '3')
    assert.equal(format(FORMAT.boolean, 'ffffffffffffffff'), '18446744073709551615')
  })
})

const TEXTS: ReadonlySet<number> = new Set([FORMAT.text, FORMAT.idText, FORMAT.uriCounts])

describe('text', () => {
  const text = (value: string) => JSON.parse(format(FORMAT.text, value)) as unknown

  it('has no NULs at its end, which fill fields of fixed width', () => {
    assert.equal(text('65746830 00000000'), 'eth0')
    assert.equal(text('00'), '')
    assert.equal(text(''), '')
  })

  it('with a NUL inside is an object with all bytes, because jsonb rejects NUL', () => {
    assert.deepEqual(text('6500 7468'), { hex: '65007468' })
    assert.deepEqual(text('0061'), { hex: '0061' })
    assert.deepEqual(text('61 00 62 00 00'), { hex: '6100620000' })
  })

  it('that is no UTF-8 has replacement characters, never half a pair', () => {
    assert.equal(text('c3a9 f09f9880'), 'é😀')
    assert.equal(text('41 ff 42'), 'A\ufffdB')
    assert.equal(text('41 c3'), 'A\ufffd')
    assert.equal(text('eda080'), '\ufffd\ufffd\ufffd')
    assert.equal(text('f09f98'), '\ufffd')
    assert.equal(text('c080'), '\ufffd\ufffd')
  })

  it('may have quotes, backslashes and control characters', () => {
    const bytes = Buffer.from('"\\\b\f\n\r\t\u0001\u007f\u2028</script>\\u0041')
    assert.equal(text(bytes.toString('hex')), bytes.toString())
  })
})

describe('bytes', () => {
  it('are hex', () => {
    assert.equal(format(FORMAT.hex, ''), '""')
    assert.equal(format(FORMAT.hex, '00ff10'), '"00ff10"')
  })

  it('of addresses are text', () => {
    assert.equal(format(FORMAT.mac, '00505600ff01'), '"00:50:56:00:ff:01"')
    assert.equal(format(FORMAT.ipv4, 'ffffffff'), '"255.255.255.255"')
    assert.equal(format(FORMAT.ipv4, '00000000'), '"0.0.0.0"')
    const address = '"2001:db8::1"'
    assert.equal(format(FORMAT.ipv6, '20010db8000000000000000000000001'), address)
  })

  it('are hex if their type cannot have this width', () => {
    const types = ['ipv4Address', 'ipv6Address', 'macAddress', 'float64', 'unsigned64'] as const
    for (const type of [...types, 'dateTimeMicroseconds', 'signed8', 'boolean'] as const) {
      assert.equal(formatOf(type, 9), FORMAT.hex)
      assert.equal(formatOf(type, 0), FORMAT.hex)
    }
    for (const as of Object.values(FORMAT)) {
      if (TEXTS.has(as)) continue
      assert.equal(format(as, '010203040506070809'), '"010203040506070809"')
    }
    assert.equal(formatOf('unsigned64', 1), FORMAT.uint)
    assert.equal(formatOf('string', 9), FORMAT.text)
    assert.equal(formatOf('basicList', 9), FORMAT.basicList)
  })
})

describe('times', () => {
  it('are in ISO 8601', () => {
    assert.equal(format(FORMAT.seconds, '6553f100'), '"2023-11-14T22:13:20.000Z"')
    assert.equal(format(FORMAT.millis, '0000018bcfe56801'), '"2023-11-14T22:13:20.001Z"')
    assert.equal(format(FORMAT.seconds, '01'), '"1970-01-01T00:00:01.000Z"')
    assert.equal(format(FORMAT.seconds, 'ffffffff'), '"2106-02-07T06:28:15.000Z"')
  })

  it('of NTP keep their microseconds', () => {
    assert.equal(format(FORMAT.ntp, 'e8fe6f80 00000000'), '"2023-11-14T22:13:20.000000Z"')
    assert.equal(format(FORMAT.ntp, 'e8fe6f80 000010c7'), '"2023-11-14T22:13:20.000001Z"')
    assert.equal(format(FORMAT.ntp, 'e8fe6f80 ffffffff'), '"2023-11-14T22:13:21.000000Z"')
  })

  it('of zero say nothing, so they stay the number that was sent', () => {
    assert.equal(format(FORMAT.seconds, '00000000'), '0')
    assert.equal(format(FORMAT.millis, '0000000000000000'), '0')
    assert.equal(format(FORMAT.ntp, '00000000 00000000'), '0')
    assert.equal(format(FORMAT.ntp, '00000000 00001000'), '"2036-02-07T06:28:16.000001Z"')
  })

  it('beyond the year 9999 are numbers as sent', () => {
    assert.equal(format(FORMAT.millis, '0000e677d21fdbff'), '"9999-12-31T23:59:59.999Z"')
    assert.equal(format(FORMAT.millis, '0000e677d21fdc00'), '253402300800000')
    assert.equal(format(FORMAT.millis, 'ffffffffffffffff'), '18446744073709551615')
    assert.equal(format(FORMAT.seconds, 'ffffffffffffffff'), '18446744073709551615')
  })
})

it('a key is quoted as JSON wants it', () => {
  assert.equal(jsonKey('octetDeltaCount'), '"octetDeltaCount":')
  assert.equal(jsonKey('a"b\\'), '"a\\"b\\\\":')
})
