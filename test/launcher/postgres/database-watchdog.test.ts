import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readProcessState } from '../../../launcher/process/process-state.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/embedded-server.js', import.meta.url))

interface Started {
  readonly owner: ChildProcess
  readonly pid: number
  readonly url: string
}

let folder: string
let processes: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netflow-watchdog-'))
})

afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL')
  processes = []
  const lock = join(folder, 'postgres/postmaster.pid')
  await until('the end of the server', () => !existsSync(lock), 90_000)
  await rm(folder, { recursive: true, force: true })
})

async function startServer(options: { client?: number; uid?: number } = {}): Promise<Started> {
  const parameters = [join(folder, 'postgres'), ...(options.client ? [String(options.client)] : [])]
  const { uid } = options
  const owner = fork(FIXTURE, parameters, uid === undefined ? {} : { uid, gid: uid })
  processes.push(owner)
  const message = await new Promise<{ pid: number; url: string }>((resolve, reject) => {
    owner.once('message', (value) => resolve(value as { pid: number; url: string }))
    owner.once('exit', (code) => reject(new Error(`the fixture ended with ${code}`)))
  })
  return { owner, ...message }
}

describe('the embedded server whose owner is killed', () => {
  it('is stopped', async () => {
    const { owner, pid } = await startServer()
    owner.kill('SIGKILL')
    await until('the end of the server', async () => !(await readProcessState(pid)))
    assert.equal(existsSync(join(folder, 'postgres/postmaster.pid')), false)
  })

  it('takes new sessions until the processes that use it are gone', async () => {
    const client = spawn('sleep', ['60'], { stdio: 'ignore' })
    processes.push(client)
    const { owner, pid, url } = await startServer({ client: client.pid ?? 0 })
    owner.kill('SIGKILL')
    await new Promise((resolve) => owner.once('exit', resolve))
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.deepEqual(await queryRows(url, 'select 1 as one'), [{ one: 1 }])
    client.kill('SIGKILL')
    await until('the end of the server', async () => !(await readProcessState(pid)))
  })

  for (const [what, uid] of [
    ['an ordinary user', idOfNobody()],
    ['a user without an account', 23_456],
  ] as const) {
    it(`may be of ${what}`, { skip: cannotSwitchUser() }, async () => {
      await chown(folder, uid, uid)
      const { owner, pid } = await startServer({ uid })
      assert.equal(statSync(join(folder, 'postgres')).uid, uid)
      assert.equal(statSync(`/proc/${pid}`).uid, uid)
      owner.kill('SIGKILL')
      await until('the end of the server', async () => !(await readProcessState(pid)))
    })
  }
})

function idOfNobody(): number {
  return Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))
}

/** Another user must be able to read the program; a clone below a closed home is not for others. */
function cannotSwitchUser(): string | false {
  if (process.getuid?.() !== 0) return 'not root; the other tests run as an ordinary user already'
  for (let path = FIXTURE; path !== dirname(path); path = dirname(path)) {
    const { mode } = statSync(path)
    if ((mode & 0o005) === 0) return `${path} is closed to other users`
  }
  return false
}
