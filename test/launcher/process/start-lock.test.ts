import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { AlreadyRunningError, StartLock } from '../../../launcher/process/start-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'netflow-lock-'))
const never = () => assert.fail('there is nothing to wait for')
const children: ChildProcess[] = []

function startSleeper(): number {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  children.push(child)
  return child.pid ?? 0
}

/** Writes the lock of a launcher that was killed. */
function writeStale(path: string, marks: readonly object[] = []): void {
  const launcher = { pid: process.pid, startedAt: 'another time' }
  writeFileSync(path, JSON.stringify({ launcher, children: marks }))
}

/** Leaves the lock of a launcher that was killed, and a child that goes on. @returns its pid */
async function leaveSleeper(path: string): Promise<number> {
  const sleeper = startSleeper()
  const lock = new StartLock(path)
  await lock.take(never)
  await lock.setChildren([sleeper])
  writeStale(path, JSON.parse(readFileSync(path, 'utf8')).children)
  return sleeper
}

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('the start lock', () => {
  it('belongs to one launcher at a time, and names it', async () => {
    const path = join(folder, 'new', 'one.lock')
    const first = new StartLock(path)
    await first.take(never)
    await assert.rejects(new StartLock(path).take(never), (error) => {
      assert.ok(error instanceof AlreadyRunningError)
      assert.match(error.message, new RegExp(`pid ${process.pid}\\b`))
      return true
    })
    await first.release()
    await first.release()
    assert.equal(existsSync(path), false)
    const second = new StartLock(path)
    await second.take(never)
    await second.release()
  })

  it('is taken from a launcher that has ended, although another process has its pid', async () => {
    const path = join(folder, 'stale.lock')
    writeStale(path)
    const lock = new StartLock(path)
    await lock.take(never)
    await lock.release()
  })

  it('goes to one of many launchers that find a stale lock at the same time', async () => {
    const path = join(folder, 'many.lock')
    writeStale(path)
    const locks = Array.from({ length: 8 }, () => new StartLock(path))
    const results = await Promise.allSettled(locks.map((lock) => lock.take(never)))
    const refused = results.filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 7)
    for (const { reason } of refused) assert.ok(reason instanceof AlreadyRunningError, reason)
    for (const lock of locks) await lock.release()
  })

  it('is taken although a launcher was killed while it removed a stale one', async () => {
    const path = join(folder, 'guarded.lock')
    writeStale(path)
    mkdirSync(`${path}.breaking`)
    const longAgo = new Date(Date.now() - 11_000)
    utimesSync(`${path}.breaking`, longAgo, longAgo)
    const lock = new StartLock(path)
    await lock.take(never)
    assert.equal(existsSync(`${path}.breaking`), false)
    await lock.release()
  })

  it('is taken when a crash of the machine has cut its content', async () => {
    const path = join(folder, 'cut.lock')
    writeFileSync(path, '{"launch')
    const lock = new StartLock(path)
    await lock.take(never)
    await lock.release()
  })

  it('waits for the children of a launcher that was killed', async () => {
    const path = join(folder, 'children.lock')
    const sleeper = await leaveSleeper(path)
    const waitedFor: number[] = []
    await new StartLock(path).take((pids) => {
      waitedFor.push(...pids)
      children[0]?.kill('SIGKILL')
    })
    assert.deepEqual(waitedFor, [sleeper])
  })

  it('still names the children that do not end, after a launcher has given up', async () => {
    const path = join(folder, 'left-over.lock')
    const sleeper = await leaveSleeper(path)
    const left = readFileSync(path, 'utf8')
    const impatient = new StartLock(path, 0)
    const message = new RegExp(`kill -9 ${sleeper}$`)
    await assert.rejects(
      impatient.take(() => {}),
      { code: 'LEFT_OVER', message },
    )
    await impatient.release()
    const { children } = JSON.parse(readFileSync(path, 'utf8'))
    assert.deepEqual(children, JSON.parse(left).children)
  })
})
