/** Loss of an IPFIX stream, from lines of the pipe to declared gaps: it is counted in data records. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  words,
} from '../../helpers/netflow-bytes.ts'
import { Spine } from './ipfix-spine.ts'

const DEFINITION = set(2, ipfixTemplate(256, [[1, 4]]))
const records = (count: number) => set(256, words(...new Array<number>(count * 2).fill(1)))

describe('the sequence of an IPFIX stream', () => {
  it('counts data records and options data records, but no templates', () => {
    const spine = new Spine()
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [34, 4],
    ])
    spine.send(0, DEFINITION)
    spine.send(0, DEFINITION, records(2))
    spine.send(2, set(3, options), set(512, '00000007 00000064', '00000008 00000064'))
    spine.send(4, records(3))
    spine.send(7, DEFINITION)
    spine.send(7, records(1))
    const { rows, gaps, lost, next } = spine.finish()
    assert.deepEqual({ rows, gaps, lost, next }, { rows: 6, gaps: [], lost: 0, next: 8 })
  })

  it('counts the lost data records', () => {
    const spine = new Spine()
    spine.send(10, DEFINITION, records(2))
    spine.send(15, records(1))
    for (let sequence = 16; sequence < 20; sequence++) spine.send(sequence, records(1))
    const { gaps, lost, counters } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 12, received: 15, lost: 3, unit: 'records' }])
    assert.deepEqual([lost, counters.sequenceUnit], [3, 'records'])
  })

  it('goes on at 0 after 2³² − 1', () => {
    const spine = new Spine()
    spine.send(0xffff_ffff, DEFINITION, records(2))
    spine.send(1, records(1))
    spine.send(5, records(1))
    assert.deepEqual(spine.finish().gaps, [{ expected: 2, received: 5, lost: 3, unit: 'records' }])
  })

  it('of one record counts a biflow once', () => {
    const spine = new Spine()
    const biflow = [1, 4, 0x8001, 4, 0, 29_305]
    spine.send(0, set(2, words(256, 2, ...biflow)), set(256, '00000001 00000002'))
    spine.send(1, set(256, '00000003 00000004'))
    const { rows, lost, next } = spine.finish()
    assert.deepEqual([rows, lost, next], [4, 0, 2])
  })

  it('takes the same message twice for one', () => {
    const spine = new Spine()
    spine.send(0, DEFINITION, records(1))
    spine.send(1, records(2))
    spine.repeat()
    const { rows, lost, counters } = spine.finish()
    assert.deepEqual([rows, lost, counters.duplicates], [3, 0, 1])
  })
})

describe('an IPFIX stream with sets that cannot be decoded yet', () => {
  it('has no gap after them, as the number of their records is unknown', () => {
    const spine = new Spine()
    spine.send(100, records(3))
    spine.send(150, records(2))
    const { gaps, lost, next, counters } = spine.finish()
    assert.deepEqual([gaps, lost, next, counters.heldSets], [[], 0, null, 2])
  })

  it('finds no loss once they are decoded and nothing was lost', () => {
    const spine = new Spine()
    spine.send(100, records(3))
    spine.send(103, records(2), records(1))
    spine.send(106, DEFINITION)
    spine.send(106, records(1))
    const { rows, gaps, lost, next } = spine.finish()
    assert.deepEqual({ rows, gaps, lost, next }, { rows: 7, gaps: [], lost: 0, next: 107 })
  })

  it('finds exactly what was lost once they are decoded', () => {
    const spine = new Spine()
    spine.send(100, records(3))
    spine.send(105, records(2))
    spine.send(111, DEFINITION)
    spine.send(111, records(1))
    const { rows, gaps, lost, next } = spine.finish()
    assert.deepEqual(gaps, [
      { expected: 103, received: 105, lost: 2, unit: 'records' },
      { expected: 107, received: 111, lost: 4, unit: 'records' },
    ])
    assert.deepEqual([rows, lost, next], [6, 6, 112])
  })

  it('is exact when all sets of a message are decoded, not before', () => {
    const spine = new Spine()
    spine.send(10, records(1), set(257, '00000001 00000002'))
    spine.send(15, DEFINITION)
    spine.send(15, records(1))
    spine.send(16, set(2, ipfixTemplate(257, [[2, 4]])))
    spine.send(16, records(1))
    const { gaps } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 13, received: 15, lost: 2, unit: 'records' }])
  })

  it('knows the next number when they are decoded in their own message', () => {
    const spine = new Spine()
    spine.send(10, records(2), DEFINITION, records(1))
    spine.send(18, records(1))
    spine.send(19, records(1))
    const { gaps } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 13, received: 18, lost: 5, unit: 'records' }])
  })

  it('finds the loss after a set of options that was held, too', () => {
    const spine = new Spine()
    const fields = [
      [149, 4],
      [34, 4],
    ] as const
    spine.send(20, set(512, '00000007 00000064'))
    spine.send(25, set(3, ipfixOptionsTemplate(512, 1, fields)))
    spine.send(25, DEFINITION, records(1))
    const { gaps } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 21, received: 25, lost: 4, unit: 'records' }])
  })

  it('finds no loss after one that turns out to be broken: its number stays unknown', () => {
    const spine = new Spine()
    const varying = set(
      2,
      ipfixTemplate(300, [
        [82, VARIABLE],
        [1, 1],
      ]),
    )
    spine.send(10, set(300, '0161 05', '09 6162'))
    spine.send(20, varying)
    spine.send(20, DEFINITION, records(1))
    const { rows, gaps, lost, next } = spine.finish()
    assert.deepEqual({ rows, gaps, lost, next }, { rows: 2, gaps: [], lost: 0, next: 21 })
  })

  it('goes on being followed after a discarded message', () => {
    const spine = new Spine()
    spine.send(0, DEFINITION, records(1))
    spine.send(1, records(1), words(256, 3))
    spine.send(9, records(1))
    spine.send(12, records(1))
    spine.send(13, records(1))
    const { rows, gaps, counters } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 10, received: 12, lost: 2, unit: 'records' }])
    assert.deepEqual([rows, counters.malformedSets], [4, 1])
  })
})

describe('an IPFIX stream with parts that are malformed', () => {
  it('has its loss counted exactly although a template was rejected', () => {
    const spine = new Spine()
    spine.send(0, DEFINITION, records(2))
    spine.send(2, records(1), set(2, ipfixTemplate(20, [[1, 4]])))
    spine.send(8, records(1))
    const { gaps, next, counters } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 3, received: 8, lost: 5, unit: 'records' }])
    assert.deepEqual([next, counters.malformedSets], [9, 1])
  })

  it('has its loss counted exactly although a set has a reserved id', () => {
    for (const reserved of [0, 1, 4, 255]) {
      const spine = new Spine()
      spine.send(0, DEFINITION, records(2))
      spine.send(2, records(1), set(reserved, '00000001 00000002'))
      spine.send(8, records(1))
      const { gaps, next, counters } = spine.finish()
      assert.deepEqual(gaps, [{ expected: 3, received: 8, lost: 5, unit: 'records' }])
      assert.deepEqual([next, counters.malformedSets], [9, 1])
    }
  })

  it('stays exact when a message brings the template of a broken set of an earlier one', () => {
    const spine = new Spine()
    const varying = set(2, ipfixTemplate(300, [[82, VARIABLE]]))
    spine.send(10, set(300, '0161', '0961'))
    spine.send(20, varying, DEFINITION, records(2))
    spine.send(25, records(1))
    spine.send(26, records(1))
    const { gaps, next } = spine.finish()
    assert.deepEqual(gaps, [{ expected: 22, received: 25, lost: 3, unit: 'records' }])
    assert.equal(next, 27)
  })

  it('leaves the next number open after a set with too many records', () => {
    const spine = new Spine()
    spine.send(0, set(2, ipfixTemplate(256, [[4, 1]])))
    spine.send(0, set(256, '06'.repeat(9_000)))
    spine.send(9_000, set(256, '06'))
    const { gaps, next, counters } = spine.finish()
    assert.deepEqual([gaps, next, counters.malformedSets], [[], 9_001, 1])
  })
})
