import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MessageHeader, NO_VERSION } from '../../../../writer/netflow/versions/message-header.ts'
import { v5MessageOf } from '../../../helpers/netflow-bytes.ts'

it('a datagram without room for a version has none, whatever came before it', () => {
  const { buffer, byteOffset } = v5MessageOf({})
  const view = new DataView(buffer, byteOffset, 24)
  const header = new MessageHeader()
  assert.equal(header.read(view, 24), undefined)
  for (const length of [0, 1]) {
    assert.equal(header.read(view, length), 'too-short')
    assert.equal(header.exportVersion, NO_VERSION)
  }
  assert.equal(header.read(view, 2), 'too-short')
  assert.equal(header.exportVersion, 5)
})
