/** The writer on a journal that was loaded into another database. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { FlowSender } from '../helpers/flow-sender.ts'
import { type Pipeline, preparePipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { FLOWS, readSegments, sendAndStore, V5 } from './flow-account.ts'

describe('a journal of another database', () => {
  let pipeline: Pipeline
  let stranger: Pipeline
  let sender: FlowSender
  beforeEach(async () => {
    pipeline = await startPipeline({ environment: QUICK })
    const { pipePath, journalPath } = pipeline
    const environment = { ...QUICK, NAMED_PIPE_FILENAME: pipePath, JOURNAL_DIR: journalPath }
    stranger = await preparePipeline({ environment })
    sender = pipeline.makeSender(V5)
  })
  afterEach(async () => {
    await stranger.end('writer')
    await pipeline.stop()
    await stranger.stop()
  })

  it('that may lack flows of it is refused in one sentence, and not touched', async () => {
    await sendAndStore(pipeline, sender, 50)
    await pipeline.end('writer', 'SIGKILL')
    const before = readSegments(pipeline)
    assert.ok(before.length > 0)
    await assert.rejects(stranger.startWriter(), /ended with 1/)
    const fatal = stranger.logOf('writer').find(({ level }) => level === 60)
    assert.match(String(fatal?.['msg']), /belongs to another database .*JOURNAL_DIR away/)
    assert.doesNotMatch(JSON.stringify(stranger.logOf('writer')), /"stack"/)
    const after = readSegments(pipeline)
    for (const [index, { bytes }] of before.entries()) {
      assert.ok(after[index]?.bytes.subarray(0, bytes.length).equals(bytes))
    }
    await pipeline.startWriter()
    await sendAndStore(pipeline, sender, 10)
  })

  it('that holds all of it is set aside, and what comes goes into the new one, and back', async () => {
    await sendAndStore(pipeline, sender, 50)
    assert.equal(await pipeline.end('writer'), 0)
    // Received while no writer runs: it belongs to whoever reads it.
    await sender.send(10, 500)
    await stranger.startWriter()
    await stranger.expectNumber('select count(*)::int from flows', 10 * FLOWS)
    const [line] = stranger.logOf('writer').filter(({ msg }) => /is set aside/.test(String(msg)))
    assert.ok(line)
    assert.ok(existsSync(join(String(line['folder']), '0000000000000000.lines')))
    await sender.send(20, 500)
    await stranger.expectNumber('select count(*)::int from flows', 30 * FLOWS)
    const [row] = await stranger.ask(
      'select lost_bytes::int, malformed_lines::int from journal_positions',
    )
    assert.deepEqual(row, { lost_bytes: 0, malformed_lines: 0 })
    assert.equal(await stranger.end('writer'), 0)

    await pipeline.startWriter()
    await sender.send(5, 500)
    await pipeline.expectNumber('select count(*)::int from flows', 55 * FLOWS)
    await pipeline.expectNumber('select count(*)::int from journal_positions', 2)
    await pipeline.expectNumber('select sum(lost_bytes)::int from journal_positions', 0)
  })
})
