/** When a batch is submitted, and which counts of lines it carries. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { Spine } from './ipfix-spine.ts'

describe('ingest', () => {
  it('submits a batch that is old enough, though nothing more comes', async () => {
    const spine = new Spine(10)
    spine.send(0)
    await until('the batch', () => spine.batches.length === 1)
    const [batch] = spine.batches
    assert.deepEqual(
      batch?.changes.streams.map(({ datagrams }) => datagrams),
      [1],
    )
    assert.deepEqual(batch?.changes.lines, { datagrams: 1, malformed: 0, reports: 0, lostBytes: 0 })
  })

  it('submits nothing while it has read nothing', () => {
    const spine = new Spine()
    spine.flush()
    assert.equal(spine.batches.length, 0)
  })

  it('moves the position past empty lines, and not past a line that has not ended', () => {
    const spine = new Spine()
    spine.take('\n\n["AAAA", 17')
    spine.flush()
    assert.equal(spine.batches[0]?.journalTo, 2)
  })

  it('rejects and counts a malformed line', () => {
    const spine = new Spine()
    spine.take('garbage\n')
    spine.flush()
    const changes = spine.batches[0]?.changes
    assert.equal(changes?.lines?.malformed, 1)
    assert.deepEqual(
      [...(changes?.rejections.values() ?? [])],
      [{ exporter: null, outcome: 'rejected', reason: 'malformed-line', datagrams: 1 }],
    )
    assert.equal(changes?.counts.get(null)?.received, 1)
  })
})
