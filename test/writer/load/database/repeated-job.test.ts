import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RepeatedJob } from '../../../../writer/load/database/repeated-job.ts'
import { until } from '../../../helpers/until.ts'

describe('a repeated job', () => {
  it('runs again after the wait that each run asks for, one run at a time, until it is stopped', async () => {
    let runs = 0
    let running = 0
    const job = new RepeatedJob(async () => {
      assert.equal(++running, 1)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      runs += 1
      return runs < 3 ? 1 : 3_600_000
    })
    job.start()
    job.start()
    await until('the job has run three times', async () => runs === 3)
    job.stop()
    assert.ok(job.signal.aborted)
  })

  it('begins no run after it was stopped', async () => {
    let runs = 0
    const job = new RepeatedJob(async () => {
      runs += 1
      job.stop()
      return 0
    })
    job.start()
    await until('the job has run', async () => runs > 0)
    job.start()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(runs, 1)
    const other = new RepeatedJob(() => assert.fail('it was stopped'))
    other.stop()
    other.start()
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
})
