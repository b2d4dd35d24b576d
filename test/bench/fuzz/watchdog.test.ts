import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watchWorker } from './watchdog.ts'

const WORKER = new URL('../../fixtures/hanging-worker.js', import.meta.url)
/** Starting a worker takes far less, even on a busy machine. */
const DEADLINE_MS = 1_000
const SECOND = { number: 2, exporter: 7, datagram: Buffer.from('000901', 'hex') }

function watch(task: 'hang' | 'throw' | 'end') {
  return watchWorker({ worker: WORKER, task, deadlineMs: DEADLINE_MS, onLine: () => {} })
}

describe('a watched worker', () => {
  it('is terminated when it makes no progress, and its input is reported', async () => {
    const outcome = await watch('hang')
    assert.ok(outcome.kind === 'hung')
    assert.deepEqual(outcome.input, SECOND)
    assert.ok(outcome.silentMs >= DEADLINE_MS)
  })

  it('fails at its input when it throws', async () => {
    const outcome = await watch('throw')
    assert.ok(outcome.kind === 'failed')
    assert.match(outcome.text, /the second input is bad/)
    assert.deepEqual(outcome.input, SECOND)
  })

  it('survives when it reaches its end', async () => {
    assert.deepEqual(await watch('end'), { kind: 'survived' })
  })
})
