import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chown, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readProcessState } from '../../../launcher/process/process-state.ts'
import { ClusterTemplate, makeFolder } from '../../helpers/cluster-template.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/embedded-server.js', import.meta.url))

interface Started {
  readonly owner: ChildProcess
  readonly pid: number
  readonly url: string
}

let template: ClusterTemplate
before(async () => {
  template = await ClusterTemplate.create()
})
after(() => template.remove())

/** The folder of one test, and processes to kill after the test. */
interface Bench {
  readonly folder: string
  readonly processes: ChildProcess[]
}

async function makeBench(context: TestContext): Promise<Bench> {
  const folder = await makeFolder()
  const processes: ChildProcess[] = []
  context.after(async () => {
    for (const child of processes) child.kill('SIGKILL')
    const lock = join(folder, 'postgres/postmaster.pid')
    await until('the end of the server', () => !existsSync(lock), 90_000)
    await rm(folder, { recursive: true, force: true })
  })
  return { folder, processes }
}

interface StartOptions {
  readonly client?: number
  readonly uid?: number
}

async function startServer(
  { folder, processes }: Bench,
  { client, uid }: StartOptions = {},
): Promise<Started> {
  const parameters = [join(folder, 'postgres'), ...(client ? [String(client)] : [])]
  const owner = fork(FIXTURE, parameters, uid === undefined ? {} : { uid, gid: uid })
  processes.push(owner)
  const message = await new Promise<{ pid: number; url: string }>((resolve, reject) => {
    owner.once('message', (value) => resolve(value as { pid: number; url: string }))
    owner.once('exit', (code) => reject(new Error(`the fixture ended with ${code}`)))
  })
  return { owner, ...message }
}

describe('the embedded server whose owner is killed', { concurrency: 4 }, () => {
  it('is stopped', async (context) => {
    const bench = await makeBench(context)
    await template.copyTo(join(bench.folder, 'postgres'))
    const { owner, pid } = await startServer(bench)
    owner.kill('SIGKILL')
    await until('the end of the server', async () => !(await readProcessState(pid)))
    assert.equal(existsSync(join(bench.folder, 'postgres/postmaster.pid')), false)
  })

  it('accepts new sessions until the processes that use it have ended', async (context) => {
    const bench = await makeBench(context)
    await template.copyTo(join(bench.folder, 'postgres'))
    const client = spawn('sleep', ['60'], { stdio: 'ignore' })
    bench.processes.push(client)
    const { owner, pid, url } = await startServer(bench, { client: client.pid ?? 0 })
    owner.kill('SIGKILL')
    await new Promise((resolve) => owner.once('exit', resolve))
    await sleep(500)
    assert.deepEqual(await queryRows(url, 'select 1 as one'), [{ one: 1 }])
    client.kill('SIGKILL')
    await until('the end of the server', async () => !(await readProcessState(pid)))
  })

  for (const [what, uid] of [
    ['an ordinary user', idOfNobody()],
    ['a user without an account', 23_456],
  ] as const) {
    it(`may belong to ${what}`, { skip: cannotSwitchUser() }, async (context) => {
      const bench = await makeBench(context)
      const { folder } = bench
      await chown(folder, uid, uid)
      const { owner, pid } = await startServer(bench, { uid })
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

/** Another user must be able to read the program, which may be below a private home folder. */
function cannotSwitchUser(): string | false {
  if (process.getuid?.() !== 0) return 'not root, so that the other tests run as an ordinary user'
  for (let path = FIXTURE; path !== dirname(path); path = dirname(path)) {
    const { mode } = statSync(path)
    if ((mode & 0o005) === 0) return `${path} is closed to other users`
  }
  return false
}
