import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { readProcessState } from '../../../launcher/process/process-state.ts'
import { until } from '../../helpers/until.ts'

/** Runs a shell command until the end of the test; returns the shell, and the pid that it prints. */
async function runShell(context: TestContext, command: string): Promise<[ChildProcess, number]> {
  const shell = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
  context.after(() => shell.kill('SIGKILL'))
  const [text] = await once(shell.stdout, 'data')
  return [shell, Number(String(text))]
}

describe('the state of a process', () => {
  it('names its program, and stays the same while it runs', async (context) => {
    const [, pid] = await runShell(context, 'echo $$; exec sleep 60')
    const state = await until('it is sleep', async () => {
      const found = await readProcessState(pid)
      return found?.command === 'sleep' && found
    })
    assert.notEqual(state.startedAt, '')
    assert.deepEqual(await readProcessState(pid), state)
  })

  it('is undefined after its end', async (context) => {
    const [shell, pid] = await runShell(context, 'echo $$; exec sleep 60')
    shell.kill('SIGKILL')
    await once(shell, 'exit')
    assert.equal(await readProcessState(pid), undefined)
  })

  it('is undefined for a zombie, although signals reach it', {
    skip: process.platform === 'linux' ? false : 'zombies are found by /proc here',
  }, async (context) => {
    const [shell, pid] = await runShell(context, 'sleep 60 & echo $!; exec sleep 60')
    const isSleep = async () => (await readProcessState(shell.pid ?? 0))?.command === 'sleep'
    await until('the shell is a process that waits for no child', isSleep)
    process.kill(pid, 'SIGKILL')
    await until('it is a zombie', () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
    process.kill(pid, 0)
    assert.equal(await readProcessState(pid), undefined)
  })
})
