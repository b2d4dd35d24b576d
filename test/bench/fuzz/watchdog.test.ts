import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { watchWorker } from './watchdog.ts'

const run = promisify(execFile)
const WORKER = new URL('../../fixtures/hanging-worker.js', import.meta.url)
const SECOND = { number: 2, exporter: 7, datagram: Buffer.from('000901', 'hex') }

function watch(task: 'hang' | 'throw' | 'end') {
  return watchWorker({ worker: WORKER, task, deadlineMs: 2_000, onLine: () => {} })
}

describe('a worker that is watched', () => {
  it('is ended when it makes no progress, and its input is told', async () => {
    const outcome = await watch('hang')
    assert.ok(outcome.kind === 'hung')
    assert.deepEqual(outcome.input, SECOND)
    assert.ok(outcome.silentMs >= 2_000)
  })

  it('that throws has failed at its input', async () => {
    const outcome = await watch('throw')
    assert.ok(outcome.kind === 'failed')
    assert.match(outcome.text, /the second input is bad/)
    assert.deepEqual(outcome.input, SECOND)
  })

  it('that comes to its end has survived', async () => {
    assert.deepEqual(await watch('end'), { kind: 'survived' })
  })
})

describe('npm run fuzz', () => {
  it('survives, and says what datagrams cost a byte', async () => {
    const fuzz = fileURLToPath(new URL('../fuzz.js', import.meta.url))
    const { stdout } = await run(process.execPath, [fuzz, '--seed', '5', '--count', '12000'])
    assert.match(stdout, /^12,000 datagrams, .* flows/m)
    assert.match(stdout, /ns a byte in the mean/)
    assert.match(stdout, /\d+\.\d {2}records of one octet$/m)
    assert.match(stdout, /survived\n$/)
  })
})
