import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeriesRuns } from '../../../writer/sequence/series-runs.ts'

/** Adds datagrams of one number each; returns what the last one is. */
function addRun(runs: SeriesRuns, first: number, length: number): number | undefined {
  let series: number | undefined
  for (let from = first; from < first + length; from += 1) {
    series = runs.add({ from, to: from + 1 }, 0)
  }
  return series
}

describe('a run beside a stream', () => {
  it('is another series from its sixth datagram on, if the stream goes on meanwhile', () => {
    const runs = new SeriesRuns()
    assert.equal(addRun(runs, 1_000, 20), undefined)
    runs.noteMain()
    assert.equal(runs.add({ from: 1_020, to: 1_021 }, 0), 21)
    assert.equal(runs.size, 0)
  })

  it('does not grow by messages that share a number', () => {
    const runs = new SeriesRuns()
    addRun(runs, 1_000, 5)
    runs.noteMain()
    for (let again = 0; again < 3; again += 1) {
      assert.equal(runs.add({ from: 1_005, to: 1_005 }, 0), undefined)
    }
    assert.equal(runs.add({ from: 1_005, to: 1_006 }, 0), 6)
  })

  it('is forgotten after 256 datagrams of the stream without another one', () => {
    const runs = new SeriesRuns()
    addRun(runs, 1_000, 5)
    for (let heard = 0; heard < 256; heard += 1) runs.noteMain()
    assert.equal(runs.size, 1)
    runs.noteMain()
    assert.equal(runs.size, 0)
  })

  it('is forgotten when there are more than 16 and it was continued longest ago', () => {
    const runs = new SeriesRuns()
    for (let run = 0; run < 16; run += 1) addRun(runs, run * 1_000, 5)
    runs.noteMain()
    addRun(runs, 99_000, 1)
    assert.equal(runs.size, 16)
    assert.equal(runs.add({ from: 1_005, to: 1_006 }, 0), 6)
    assert.equal(runs.add({ from: 5, to: 6 }, 0), undefined)
  })
})
