/** The log of losses: it has counts, is muted within a period, and ends with one line. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { LossLog } from '../../collector/loss-log.ts'
import { RecordingLogger } from './recording-logger.ts'

function makeLog() {
  const recording = new RecordingLogger()
  const log = new LossLog({
    logger: recording.logger,
    message: 'dropping',
    recovered: 'over',
    periodMs: 1000,
  })
  const logged = () =>
    recording.lines.map((line) => [line.msg, line['dropped'], line['droppedInTotal']])
  return { log, logged }
}

it('a count that does not grow is not logged', () => {
  const { log, logged } = makeLog()
  log.observe({ total: 0, isCalm: true, now: 0 })
  log.observe({ total: 0, isCalm: true, now: 5000 })
  assert.deepEqual(logged(), [])
})

it('losses are logged once a period, and every loss is logged', () => {
  const { log, logged } = makeLog()
  log.observe({ total: 5, isCalm: false, now: 0 })
  log.observe({ total: 9, isCalm: false, now: 500 })
  log.observe({ total: 9, isCalm: false, now: 900 })
  log.observe({ total: 9, isCalm: false, now: 1000 })
  log.observe({ total: 20, isCalm: false, now: 1500 })
  assert.deepEqual(logged(), [
    ['dropping', 5, 5],
    ['dropping', 4, 9],
  ])
})

it('the end of a loss is logged once, with its total', () => {
  const { log, logged } = makeLog()
  log.observe({ total: 5, isCalm: false, now: 0 })
  log.observe({ total: 9, isCalm: false, now: 100 })
  log.observe({ total: 9, isCalm: false, now: 200 })
  log.observe({ total: 9, isCalm: true, now: 300 })
  log.observe({ total: 9, isCalm: true, now: 2000 })
  log.observe({ total: 10, isCalm: true, now: 3000 })
  log.observe({ total: 10, isCalm: true, now: 3100 })
  assert.deepEqual(logged(), [
    ['dropping', 5, 5],
    ['over', 9, 9],
    ['dropping', 1, 10],
    ['over', 1, 10],
  ])
})

it('a loss that goes on within a period has not ended', () => {
  const { log, logged } = makeLog()
  log.observe({ total: 5, isCalm: false, now: 0 })
  log.observe({ total: 9, isCalm: true, now: 100 })
  assert.deepEqual(logged(), [['dropping', 5, 5]])
  log.observe({ total: 9, isCalm: true, now: 200 })
  assert.deepEqual(logged().at(-1), ['over', 9, 9])
})
