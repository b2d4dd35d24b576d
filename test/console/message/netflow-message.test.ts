import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isNetflowMessage } from '../../../console/message/netflow-message.ts'
import { ipfixMessage, set, template, v9Message } from '../../helpers/netflow-bytes.ts'

/** Returns a message without templates, with zeros in its records. */
function fixedMessage(version: number, count: number, bytes: number, scheme = 0): Buffer {
  const message = Buffer.alloc(bytes)
  message.writeUInt16BE(version, 0)
  message.writeUInt16BE(count, 2)
  if (bytes > 22 && version === 8) message.writeUInt8(scheme, 22)
  return message
}

/** Bytes of a header and of a record. */
const LAYOUTS = [
  { version: 1, header: 16, record: 48 },
  { version: 5, header: 24, record: 48 },
  { version: 6, header: 24, record: 52 },
  { version: 7, header: 24, record: 52 },
  { version: 8, header: 28, record: 28, scheme: 1 },
  { version: 8, header: 28, record: 44, scheme: 8 },
]

describe('a NetFlow message', () => {
  for (const { version, header, record, scheme } of LAYOUTS) {
    const name = scheme === undefined ? `v${version}` : `v8 with scheme ${scheme}`
    it(`of ${name} has as many bytes as its count says, or more`, () => {
      const whole = header + 2 * record
      const recognized = [whole - 1, whole, whole + 1].map((bytes) =>
        isNetflowMessage(fixedMessage(version, 2, bytes, scheme)),
      )
      assert.deepEqual(recognized, [false, true, true])
    })
  }

  it('of v8 has a known scheme, and may have no record; others have one at least', () => {
    assert.equal(isNetflowMessage(fixedMessage(8, 1, 500, 15)), false)
    assert.equal(isNetflowMessage(fixedMessage(8, 1, 20, 1)), false)
    assert.equal(isNetflowMessage(fixedMessage(8, 0, 28, 1)), true)
    assert.equal(isNetflowMessage(fixedMessage(5, 0, 24)), false)
  })

  it('of v9 and IPFIX begins with a whole set', () => {
    const templates = template(256, [[1, 4]])
    for (const message of [
      v9Message(set(0, templates)),
      v9Message(set(256, '00000001')),
      ipfixMessage(set(2, templates)),
      ipfixMessage(set(256, '00000001')),
      ipfixMessage(),
    ]) {
      assert.equal(isNetflowMessage(message), true)
      assert.equal(isNetflowMessage(message.subarray(0, -1)), false)
    }
    // Versions have template sets of their own.
    assert.equal(isNetflowMessage(v9Message(set(2, templates))), false)
    assert.equal(isNetflowMessage(ipfixMessage(set(0, templates))), false)
    assert.equal(isNetflowMessage(v9Message()), false)
  })

  it('is of a known version', () => {
    for (const version of [0, 2, 3, 4, 11]) {
      assert.equal(isNetflowMessage(fixedMessage(version, 1, 500)), false)
    }
    assert.equal(isNetflowMessage(Buffer.alloc(0)), false)
  })
})
