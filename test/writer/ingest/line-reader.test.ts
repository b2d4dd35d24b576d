import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeReportLine } from '../../../shared/pipe-line.ts'
import { LineReader } from '../../../writer/ingest/line-reader.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'

const datagram = Buffer.alloc(65_507)

function read(line: string | Buffer) {
  const reader = new LineReader(datagram)
  const bytes = Buffer.from(line)
  const kind = reader.read(bytes, 0, bytes.length)
  return { kind, reader, payload: datagram.subarray(0, reader.length) }
}

describe('LineReader', () => {
  it('reads back what the collector encodes', () => {
    const payload = fc.uint8Array({ maxLength: 2_000 })
    const micros = fc.integer({ min: 0, max: 4e15 })
    fc.assert(
      fc.property(payload, micros, fc.ipV4(), fc.nat(65_535), (bytes, time, address, port) => {
        const line = encodeDatagramLine(Buffer.from(bytes), time / 1000, address, port)
        const result = read(line.trimEnd())
        assert.equal(result.kind, 'datagram')
        assert.deepEqual([...result.payload], [...bytes])
        assert.ok(Math.abs(result.reader.receivedAtMicros - time) <= 1)
        assert.equal(result.reader.address, address)
        assert.equal(result.reader.port, port)
      }),
    )
  })

  it('finds a whole line after one that was cut anywhere', () => {
    const torn = '["AQIDBAUG", 1430591888.25, ["2001:db8::1", 2055]'
    for (let length = 1; length <= torn.length; length++) {
      const text = `${torn.slice(0, length)}["AQID", 1.5, ["192.0.2.1", 2055]]`
      const { kind, reader, payload } = read(text)
      assert.equal(kind, 'datagram', text)
      assert.equal(reader.isAfterTorn, true, text)
      assert.equal(reader.address, '192.0.2.1')
      assert.deepEqual([...payload], [1, 2, 3])
    }
    const report =
      '{"collector":"a","startedAt":1,"time":2,"received":1,"forwarded":1,"queueDropped":0}'
    const { kind, reader } = read(`${torn}${report}`)
    assert.equal(kind, 'report')
    assert.equal(reader.isAfterTorn, true)
    assert.equal(read('["AQID", 1.5, ["192.0.2.1", 2055]]').reader.isAfterTorn, false)
  })

  it('reads any whitespace that JSON allows, and integers as times', () => {
    const line = '\t[ "AQID" ,\t1430591888 , [ "2001:db8::1" , 2055 ] ] \r'
    const { kind, reader, payload } = read(line)
    assert.equal(kind, 'datagram')
    assert.deepEqual([...payload], [1, 2, 3])
    assert.equal(reader.receivedAtMicros, 1_430_591_888_000_000)
    assert.equal(reader.address, '2001:db8::1')
  })

  it('reads a payload whose slashes are escaped', () => {
    const { kind, payload } = read('["\\/\\/\\/\\/", 1.5, ["192.0.2.1", 2055]]')
    assert.equal(kind, 'datagram')
    assert.deepEqual([...payload], [255, 255, 255])
  })

  it('reads the largest datagram', () => {
    const bytes = Buffer.alloc(65_507, 0xab)
    const { kind, payload } = read(encodeDatagramLine(bytes, 1, '192.0.2.1', 1).trimEnd())
    assert.equal(kind, 'datagram')
    assert.ok(payload.equals(bytes))
  })

  it('reads a report and ignores keys that it does not know', () => {
    const report = {
      collector: 'a start',
      startedAt: 1_000.5,
      time: 1_010.25,
      received: 5,
      forwarded: 4,
      queueDropped: 1,
      kernelDropped: null,
      final: false,
    }
    const { kind, reader } = read(encodeReportLine({ ...report, ...{ later: [1] } }).trimEnd())
    assert.equal(kind, 'report')
    assert.equal(reader.report?.received, 5)
    assert.equal(reader.report?.kernelDropped, null)
  })

  const malformed = {
    'text that is no JSON': 'hello',
    'a line cut in the payload': '["AQID',
    'a line cut behind the payload': '["AQID", 1.5, ["192.0.2',
    'characters that are no base64': '["A*ID", 1.5, ["192.0.2.1", 2055]]',
    'base64 of an impossible length': '["AQIDA", 1.5, ["192.0.2.1", 2055]]',
    'a time that is no number': '["AQID", "now", ["192.0.2.1", 2055]]',
    'a negative time': '["AQID", -1, ["192.0.2.1", 2055]]',
    'a time beyond what can be stored': '["AQID", 1e300, ["192.0.2.1", 2055]]',
    'an address that is no text': '["AQID", 1.5, [7, 2055]]',
    'a port out of range': '["AQID", 1.5, ["192.0.2.1", 70000]]',
    'no source': '["AQID", 1.5]',
    'a report that is no JSON': '{"collector": ',
    'a report of a name that no text column takes':
      '{"collector":"a\\u0000","startedAt":1,"time":2,"received":1,"forwarded":1,"queueDropped":0}',
    'a report without its counts': '{"collector": "a", "startedAt": 1, "time": 2}',
    'a payload above the limit': `["${Buffer.alloc(65_510).toString('base64')}", 1.5, ["192.0.2.1", 1]]`,
  }
  for (const [what, line] of Object.entries(malformed)) {
    it(`calls ${what} malformed`, () => assert.equal(read(line).kind, 'malformed'))
  }

  it('calls blank lines empty', () => {
    assert.equal(read('').kind, 'empty')
    assert.equal(read(' \t').kind, 'empty')
  })

  it('never throws, whatever the bytes are', () => {
    const kinds = new Set<string>()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc
        .string({ unit: fc.constantFrom(...'[]{}",.:0123 AQ=\\'), maxLength: 60 })
        .map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(bytes, (line) => {
        kinds.add(read(line).kind)
      }),
      { numRuns: 5_000 },
    )
    assert.ok(kinds.has('malformed'))
  })
})
