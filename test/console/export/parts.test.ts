import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cutByPartitions, nameFile } from '../../../console/export/parts.ts'

const day = (number: number) => `2026-11-${number}T00:00:00.000Z`

describe('the parts of an export', () => {
  it('are the range within each partition, the oldest first, and none is empty', () => {
    const partitions = [
      { since: day(13), until: 'infinity' },
      { since: day(12), until: day(13) },
      { since: day(11), until: day(12) },
      { since: '-infinity', until: day(11) },
    ]
    const noon = '2026-11-12T12:00:00.000Z'
    assert.deepEqual(cutByPartitions({ since: day(11), until: noon }, partitions), [
      { since: day(11), until: day(12) },
      { since: day(12), until: noon },
    ])
    assert.deepEqual(cutByPartitions({ since: day(10), until: day(14) }, partitions), [
      { since: day(10), until: day(11) },
      { since: day(11), until: day(12) },
      { since: day(12), until: day(13) },
      { since: day(13), until: day(14) },
    ])
    assert.deepEqual(cutByPartitions({ since: day(12), until: day(12) }, partitions), [])
  })

  it('have their range in the name of their file', () => {
    const name = nameFile({ since: '2026-11-28T12:00:00.500Z', until: day(29) }, '.csv.gz')
    assert.equal(name, 'flows-20261128T120000.500Z-20261129T000000Z.csv.gz')
  })
})
