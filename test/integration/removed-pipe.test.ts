/** The named pipe is removed while both processes run. */

import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import { QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { assertAllStored, sendAndStore, settle, V5 } from './flow-account.ts'

describe('a named pipe that is removed', () => {
  it('comes back, also for a collector that starts then, and no flow is lost', async (context) => {
    const pipeline = await startPipeline({ environment: QUICK })
    context.after(() => pipeline.stop())
    const sender = pipeline.makeSender(V5)
    await sendAndStore(pipeline, sender, 20)
    rmSync(pipeline.pipePath)
    await sender.send(300, 500)
    await until('the pipe is there again', () => existsSync(pipeline.pipePath))
    await sender.send(100, 500)

    rmSync(pipeline.pipePath)
    assert.equal(await pipeline.end('collector'), 0)
    await pipeline.startCollector()
    await sendAndStore(pipeline, sender, 50)
    assertAllStored(await settle(pipeline, sender), sender)
  })
})
