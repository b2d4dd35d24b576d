/** The pipe writer on a real named pipe: it never blocks, counts exactly, and follows the pipe. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs'
import { it, type TestContext } from 'node:test'
import { NotAPipeError } from '../../../collector/forward/named-pipe.ts'
import { PipeWriter, type PipeWriterOptions } from '../../../collector/forward/pipe-writer.ts'
import { type Datagram, encodeSource, encodeTime } from '../../../shared/pipe-line.ts'
import { until } from '../../helpers/until.ts'
import { makePipe, makePipePath, openReader } from '../pipe-reader.ts'
import { RecordingLogger } from '../recording-logger.ts'

function makeWriter(
  context: TestContext,
  path: string,
  options: Partial<PipeWriterOptions> = {},
): PipeWriter {
  const writer = new PipeWriter({
    path,
    maxQueueBytes: 1_000_000_000,
    logger: new RecordingLogger().logger,
    onFatal: (error) => assert.fail(error),
    checkIntervalMs: 10,
    ...options,
  })
  context.after(() => writer.stop())
  return writer
}

function makeDatagram(buffer: Buffer, port: number): Datagram {
  const source = encodeSource('192.0.2.1', port)
  return { buffer, start: 0, end: buffer.length, time: encodeTime(0), source }
}

function pushNumbered(writer: PipeWriter, first: number, count: number, bytes = 1000): void {
  for (let number = first; number < first + count; number += 1) {
    const payload = Buffer.alloc(bytes)
    payload.writeUInt32BE(number)
    writer.push(makeDatagram(payload, number % 65_536))
  }
}

function numbers(datagrams: readonly { readonly payload: Buffer }[]): number[] {
  return datagrams.map(({ payload }) => payload.readUInt32BE())
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

it('the first byte in the pipe is a newline, and lines follow in order', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const reader = openReader(context, path)
  const writer = makeWriter(context, path)
  writer.start()
  pushNumbered(writer, 0, 500)
  await until('all lines are read', () => reader.datagrams.length === 500)
  assert.equal(reader.bytes[0], 0x0a)
  assert.equal(reader.lines.length, 501)
  assert.deepEqual(numbers(reader.datagrams), range(500))
  assert.equal(writer.forwarded, 500)
  assert.equal(writer.queuedBytes, 0)
})

it('start and stop may be called twice', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const reader = openReader(context, path)
  const writer = makeWriter(context, path)
  writer.start()
  writer.start()
  pushNumbered(writer, 0, 1)
  assert.equal(await writer.drain(10_000), true)
  assert.equal(writer.stop(), 0)
  assert.equal(writer.stop(), 0)
  await until('the line is read', () => reader.datagrams.length === 1)
  assert.equal(reader.bytes.filter((byte) => byte === 0x0a).length, 2)
})

it('lines wait in the queue until the pipe appears', async (context) => {
  const path = await makePipePath(context)
  const writer = makeWriter(context, path)
  writer.start()
  pushNumbered(writer, 0, 200)
  assert.equal(writer.isOpen, false)
  assert.equal(writer.queuedDatagrams, 200)
  makePipe(path)
  const reader = openReader(context, path)
  await until('all lines are read', () => reader.datagrams.length === 200)
  assert.deepEqual(numbers(reader.datagrams), range(200))
  assert.equal(writer.isOpen, true)
})

it('with a stalled reader the newest are dropped, and every datagram is counted', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const writer = makeWriter(context, path, { maxQueueBytes: 300_000 })
  writer.start()
  for (let sent = 0; sent < 1000; sent += 10) {
    pushNumbered(writer, sent, 10)
    await new Promise(setImmediate)
    const { forwarded, queueDropped, queuedDatagrams } = writer
    assert.equal(forwarded + queueDropped + queuedDatagrams, sent + 10)
    assert.ok(writer.queuedBytes <= 300_000)
  }
  assert.ok(writer.forwarded > 0 && writer.queueDropped > 0)
  const { queueDropped } = writer
  const reader = openReader(context, path)
  assert.equal(await writer.drain(30_000), true)
  const kept = 1000 - queueDropped
  await until('the kept datagrams are read', () => reader.datagrams.length === kept)
  assert.deepEqual(numbers(reader.datagrams), range(kept))
  assert.equal(writer.forwarded, kept)
  assert.equal(writer.queuedDatagrams, 0)
})

it('after a stop with a stalled reader, the pipe holds exactly the forwarded datagrams', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  // Keeps the pipe's content while nobody reads.
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  context.after(() => closeSync(keeper))
  const writer = makeWriter(context, path)
  writer.start()
  pushNumbered(writer, 0, 100, 5000)
  assert.equal(await writer.drain(50), false)
  const left = writer.stop()
  assert.equal(writer.forwarded + left, 100)
  assert.equal(writer.queueDropped, left)
  const reader = openReader(context, path)
  const successor = makeWriter(context, path)
  successor.start()
  pushNumbered(successor, 777, 1)
  const isWhole = (line: string) => /^\[[^[]*\[[^[]*\]\]$/.test(line)
  const whole = () => reader.lines.filter(isWhole).map((line) => JSON.parse(line)[0] as string)
  await until('the last line is read', () => whole().at(-1)?.startsWith('AAADCQ') === true)
  assert.equal(whole().length, writer.forwarded + 1)
})

it('lines of all sizes pass a slow reader unharmed', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const reader = openReader(context, path)
  const writer = makeWriter(context, path)
  writer.start()
  const sizes = [0, 1, 3070, 3071, 3072, 49_100, 65_507]
  const payloads = range(300).map((number) => Buffer.alloc(sizes[number % 7] ?? 0, number))
  for (const payload of payloads) writer.push(makeDatagram(payload, 1))
  await until('all lines are read', () => reader.datagrams.length === payloads.length)
  assert.deepEqual(
    reader.datagrams.map(({ payload }) => payload),
    payloads,
  )
})

it('a restarted reader gets the rest without a gap', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const writer = makeWriter(context, path)
  writer.start()
  const first = openReader(context, path)
  pushNumbered(writer, 0, 10)
  await until('the first reader has read', () => first.datagrams.length === 10)
  first.close()
  pushNumbered(writer, 10, 200)
  const second = openReader(context, path)
  await until('the second reader has read', () => second.datagrams.length === 200)
  assert.equal(numbers(second.datagrams)[0], 10)
  assert.equal(writer.forwarded, 210)
})

it('a new pipe in the place of a removed one gets every line that nobody has read', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const recording = new RecordingLogger()
  const writer = makeWriter(context, path, { logger: recording.logger })
  writer.start()
  pushNumbered(writer, 0, 300)
  writer.pushReport('{"report":true}\n')
  await until('the pipe is full', () => writer.forwarded > 0)
  rmSync(path)
  await until('the removal is noticed', () => recording.find(/removed/) !== undefined)
  pushNumbered(writer, 300, 100)
  makePipe(path)
  const reader = openReader(context, path)
  await until('all lines are read', () => reader.datagrams.length >= 400)
  assert.equal(reader.bytes[0], 0x0a)
  assert.deepEqual(numbers(reader.datagrams), range(400))
  assert.equal(reader.reports.length, 1)
  assert.equal(writer.forwarded, 400)
  assert.equal(writer.queuedBytes, 0)
})

it('a removed pipe stays in use while its reader has it open', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const recording = new RecordingLogger()
  const writer = makeWriter(context, path, { logger: recording.logger })
  writer.start()
  const reader = openReader(context, path)
  rmSync(path)
  await until('the removal is noticed', () => recording.find(/removed/) !== undefined)
  pushNumbered(writer, 0, 20)
  await until('all lines are read', () => reader.datagrams.length === 20)
})

it('only one report waits at a time', async (context) => {
  const path = await makePipePath(context)
  const writer = makeWriter(context, path)
  writer.start()
  writer.pushReport('{"number":1}\n')
  writer.pushReport('{"number":2}\n')
  makePipe(path)
  const reader = openReader(context, path)
  await until('the report is read', () => reader.lines.length === 2)
  writer.pushReport('{"number":3}\n')
  await until('the next report is read', () => reader.lines.length === 3)
  assert.deepEqual(reader.lines, ['', '{"number":1}', '{"number":3}'])
})

it('a path that is no pipe is refused at the start and later on', async (context) => {
  const path = await makePipePath(context)
  const errors: Error[] = []
  const writer = makeWriter(context, path, { onFatal: (error) => errors.push(error) })
  writer.start()
  writeFileSync(path, '')
  await until('the error is reported', () => errors.length > 0)
  assert.ok(errors[0] instanceof NotAPipeError)
  const other = makeWriter(context, path)
  assert.throws(() => other.start(), { code: 'NOT_A_PIPE', message: /is not a named pipe/ })
})

it('draining without a pipe waits for datagrams, not for a report', async (context) => {
  const writer = makeWriter(context, await makePipePath(context))
  writer.start()
  writer.pushReport('{}\n')
  assert.equal(await writer.drain(60_000), false)
  pushNumbered(writer, 0, 1)
  assert.equal(await writer.drain(20), false)
  assert.equal(writer.stop(), 1)
})

it('draining with no time left still fills the room of the pipe', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const writer = makeWriter(context, path)
  writer.start()
  pushNumbered(writer, 0, 10)
  assert.equal(writer.forwarded, 0, 'the lines wait for the end of the turn')
  assert.equal(await writer.drain(0), true)
  assert.equal(writer.forwarded, 10)
})
