/** The line of the pipe as text: JSON of the agreed shape, from which every value comes back. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import {
  encodeReportLine,
  encodeSource,
  encodeTime,
  MAX_DATAGRAM_BYTES,
  measureDatagramLine,
  overwriteTime,
  unmapAddress,
  writeDatagramLine,
} from '../../shared/pipe-line.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'

it('a datagram is written as one JSON line', () => {
  const line = encodeDatagramLine(Buffer.from('0005', 'hex'), 1_700_000_000_123.456, '192.0.2.1', 9)
  assert.equal(line, '["AAU=", 1700000000.123456, ["192.0.2.1", 9]]\n')
})

it('every datagram comes back from its line', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  const port = fc.integer({ min: 0, max: 65_535 })
  const bytes = fc.uint8Array({ maxLength: 2000 })
  const millis = fc.integer({ min: 0, max: 4_000_000_000_000_000 }).map((micros) => micros / 1000)
  fc.assert(
    fc.property(bytes, millis, address, port, (payload, receivedAtMs, from, fromPort) => {
      const line = encodeDatagramLine(Buffer.from(payload), receivedAtMs, from, fromPort)
      assert.equal(line.indexOf('\n'), line.length - 1)
      const [base64, seconds, source] = JSON.parse(line) as [string, number, [string, number]]
      assert.deepEqual(Buffer.from(base64, 'base64'), Buffer.from(payload))
      assert.ok(Math.abs(seconds * 1000 - receivedAtMs) < 0.001)
      assert.deepEqual(source, [unmapAddress(from), fromPort])
    }),
  )
})

it('a line has the measured length and its place, from a part of a buffer', () => {
  const buffer = Buffer.from('ffff0005ffff', 'hex')
  const time = encodeTime(1_700_000_000_123.456)
  const datagram = { buffer, start: 2, end: 4, time, source: encodeSource('::ffff:192.0.2.1', 9) }
  const line = '["AAU=", 1700000000.123456, ["192.0.2.1", 9]]\n'
  assert.equal(measureDatagramLine(datagram), line.length)
  const target = Buffer.alloc(line.length + 4, '.')
  writeDatagramLine(target, 2, datagram)
  assert.equal(target.toString('latin1'), `..${line}..`)
})

it('a time is overwritten by another', () => {
  const seconds = fc.integer({ min: 1_000_000_000, max: 4_294_967_295 })
  const micros = fc.integer({ min: 0, max: 999_999 })
  const written = encodeTime(1_700_000_000_000)
  fc.assert(
    fc.property(seconds, micros, (wholeSeconds, fraction) => {
      overwriteTime(written, wholeSeconds, fraction)
      const digits = String(fraction).padStart(6, '0')
      assert.equal(written.toString('latin1'), `", ${wholeSeconds}.${digits}, `)
    }),
  )
})

it('the largest datagram comes back from its line', () => {
  const payload = Buffer.alloc(MAX_DATAGRAM_BYTES, 0xa5)
  const line = encodeDatagramLine(payload, 0, '2001:db8::1', 65_535)
  const [base64] = JSON.parse(line) as [string]
  assert.deepEqual(Buffer.from(base64, 'base64'), payload)
})

it('an IPv4-mapped address is written as IPv4, and a zone is omitted', () => {
  assert.equal(unmapAddress('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(unmapAddress('fe80::1%eth0'), 'fe80::1')
  assert.equal(unmapAddress('::ffff:0:1'), '::ffff:0:1')
  assert.equal(unmapAddress('2001:db8::7'), '2001:db8::7')
})

it('a report is one JSON line that begins with a brace', () => {
  const report = {
    collector: 'a',
    startedAt: 1.5,
    time: 2.5,
    received: 3,
    forwarded: 2,
    queueDropped: 1,
    kernelDropped: null,
    final: true,
  }
  const line = encodeReportLine(report)
  assert.ok(line.startsWith('{'))
  assert.equal(line.indexOf('\n'), line.length - 1)
  assert.deepEqual(JSON.parse(line), report)
})
