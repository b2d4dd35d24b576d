/** The log of losses: told with counts, muted within a period, ended by one line. */

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
  const told = () =>
    recording.lines.map((line) => [line.msg, line['dropped'], line['droppedInTotal']])
  return { log, told }
}

it('a count that does not grow is not logged', () => {
  const { log, told } = makeLog()
  log.observe(0, true, 0)
  log.observe(0, true, 5000)
  assert.deepEqual(told(), [])
})

it('losses are logged once in a period, and none is left untold', () => {
  const { log, told } = makeLog()
  log.observe(5, false, 0)
  log.observe(9, false, 500)
  log.observe(9, false, 900)
  log.observe(9, false, 1000)
  log.observe(20, false, 1500)
  assert.deepEqual(told(), [
    ['dropping', 5, 5],
    ['dropping', 4, 9],
  ])
})

it('the end is logged once, with what was lost since the beginning', () => {
  const { log, told } = makeLog()
  log.observe(5, false, 0)
  log.observe(9, false, 100)
  log.observe(9, false, 200)
  log.observe(9, true, 300)
  log.observe(9, true, 2000)
  log.observe(10, true, 3000)
  log.observe(10, true, 3100)
  assert.deepEqual(told(), [
    ['dropping', 5, 5],
    ['over', 9, 9],
    ['dropping', 1, 10],
    ['over', 1, 10],
  ])
})
