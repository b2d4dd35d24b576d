/** Sends datagrams from several processes, so that sending does not compete with measuring. */

import { type ChildProcess, fork } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { endProcess } from '../measure/end-process.ts'
import type { SenderAnswer, SenderOrder, SenderSetup } from './sender-process.ts'

const PROCESS = fileURLToPath(new URL('./sender-process.js', import.meta.url))
/** Leaves a core each for the measured process and for the reader after it, if there are enough. */
const MAX_SENDERS = Math.max(1, Math.min(4, cpus().length - 2))

export class Sender {
  readonly #children: ChildProcess[] = []

  /** Starts the processes and waits until they have made their datagrams. */
  async start(setup: SenderSetup, processes = MAX_SENDERS): Promise<void> {
    for (let number = 0; number < processes; number++) {
      this.#children.push(fork(PROCESS, [JSON.stringify(setup)]))
    }
    await Promise.all(this.#children.map(nextAnswer))
  }

  /**
   * Sends the datagrams of an order, shared equally among the processes.
   *
   * @returns how many were sent, and the rate, which is lower than ordered on a slow machine
   */
  async send(order: SenderOrder): Promise<{ readonly count: number; readonly rate: number }> {
    const processes = this.#children.length
    const share = { count: Math.ceil(order.count / processes), rate: order.rate / processes }
    const answers = this.#children.map((child) => {
      child.send({ ...order, ...share })
      return nextAnswer(child)
    })
    const count = share.count * processes
    const seconds = Math.max(...(await Promise.all(answers)))
    return { count, rate: count / seconds }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.splice(0).map((child) => endProcess(child)))
  }
}

function nextAnswer(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error('a process that sends datagrams has exited'))
    child.once('exit', fail)
    child.once('message', ({ seconds = 0 }: SenderAnswer) => {
      child.off('exit', fail)
      resolve(seconds)
    })
  })
}
