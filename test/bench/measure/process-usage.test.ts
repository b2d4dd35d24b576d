import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import {
  isGroupAlive,
  readCpuSeconds,
  readGroupCpuSeconds,
  readMemory,
  readParentOfSameKind,
  readTreeCpuSeconds,
  readWakeUps,
} from './process-usage.ts'

const skip = existsSync('/proc/self/stat') ? false : 'this system has no /proc'

/** A shell that burns CPU in a child, reports its end, and waits for the end of its own input. */
const BUSY = `sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; echo done; read -r line`

describe('the usage of a process', { skip }, () => {
  it('includes children that have ended', async (test) => {
    const child = spawn('sh', ['-c', BUSY], { stdio: ['pipe', 'pipe', 'ignore'] })
    test.after(() => child.kill())
    const pid = child.pid as number
    await once(child.stdout, 'data')
    const tree = readTreeCpuSeconds(pid) as number
    const own = readCpuSeconds(pid) as number
    assert.ok(tree > own, `${tree} s with children, ${own} s without`)
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
    await until('it is gone', () => readCpuSeconds(pid) === undefined)
    assert.equal(readTreeCpuSeconds(pid), undefined)
    assert.equal(readMemory(pid), undefined)
  })

  it('includes children that run', async (test) => {
    const child = spawn('sh', ['-c', "sh -c 'while :; do :; done' & echo $!; wait"], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [text] = await once(child.stdout, 'data')
    test.after(() => process.kill(Number(String(text)), 'SIGKILL'))
    const pid = child.pid as number
    await until(
      'it is busy',
      () => (readTreeCpuSeconds(pid) ?? 0) > 0.1 + (readCpuSeconds(pid) ?? 0),
    )
  })

  it('includes processes of its group that outlive it', async (test) => {
    const leader = spawn('sh', ['-c', "sh -c 'echo $$; read -r line; :' <&3 & :"], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      detached: true,
    })
    const pid = leader.pid as number
    const left = once(leader, 'exit')
    const [text] = await once(leader.stdout as Readable, 'data')
    test.after(() => leader.stdio[3]?.destroy())
    await left
    assert.deepEqual([...readGroupCpuSeconds([pid]).keys()], [Number(String(text))])
    assert.equal(isGroupAlive(pid), true)
    leader.stdio[3]?.destroy()
    await until('the group is gone', () => !isGroupAlive(pid))
  })

  it('includes memory, with its peak', () => {
    const usage = readMemory(process.pid)
    assert.ok(usage && usage.rssBytes > 1e6 && usage.peakRssBytes >= usage.rssBytes)
  })

  it('counts how often it woke', async (test) => {
    const child = spawn('sh', ['-c', 'while read -r line; do echo "$line"; done'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    test.after(() => child.kill())
    const pid = child.pid as number
    const wake = async () => {
      child.stdin.write('again\n')
      await once(child.stdout, 'data')
    }
    await wake()
    const before = readWakeUps(pid) as number
    for (let last = before, count = 0; count < 20; count++) {
      await wake()
      // A line that comes before it sleeps does not wake it.
      last = await until('it sleeps again', () => {
        const wakeUps = readWakeUps(pid) as number
        return wakeUps > last && wakeUps
      })
    }
    assert.ok((readWakeUps(pid) as number) >= before + 20)
    child.stdin.end()
    await until('it is gone', () => readWakeUps(pid) === undefined)
  })

  it('names the parent that runs the same program', async (test) => {
    const child = spawn('sh', ['-c', "sh -c 'echo $$; read -r line; :'; :"], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    test.after(() => child.kill())
    const [text] = await once(child.stdout, 'data')
    assert.equal(readParentOfSameKind(Number(String(text))), child.pid)
    assert.equal(readParentOfSameKind(child.pid as number), undefined)
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  })
})
