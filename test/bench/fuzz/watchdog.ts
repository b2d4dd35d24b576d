/** Watches a worker that takes one datagram after the other, and terminates it when it hangs. */

import { Worker } from 'node:worker_threads'
import { type Input, LastInput } from './last-input.ts'

/** A message of the worker: a line to print, or the reason of a failure. */
export type WorkerMessage =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'failure'; readonly text: string }

export type WatchOutcome =
  | { readonly kind: 'survived' }
  /** The worker failed at this input. */
  | { readonly kind: 'failed'; readonly text: string; readonly input: Input }
  | { readonly kind: 'hung'; readonly silentMs: number; readonly input: Input }

export interface WatchOptions<Task> {
  /** Gets `{ memory, task }` as its worker data, and writes each input to `LastInput` first. */
  readonly worker: URL
  readonly task: Task
  readonly deadlineMs: number
  readonly onLine: (line: string) => void
}

const CHECKS_PER_DEADLINE = 20
/** A worker that has no input yet is still loading its modules, which takes long on a busy machine. */
const DEADLINES_TO_BEGIN = 60

/** Runs a worker until it exits, fails or hangs. */
export async function watchWorker<Task>(options: WatchOptions<Task>): Promise<WatchOutcome> {
  const { task, deadlineMs, onLine } = options
  const lastInput = new LastInput()
  const worker = new Worker(options.worker, { workerData: { memory: lastInput.memory, task } })
  const outcome = await new Promise<WatchOutcome>((resolve) => {
    let seen = 0
    let seenAt = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      const { number } = lastInput
      if (number !== seen) {
        seen = number
        seenAt = now
      } else if (now - seenAt > (seen === 0 ? DEADLINES_TO_BEGIN : 1) * deadlineMs) {
        settle({ kind: 'hung', silentMs: now - seenAt, input: lastInput.read() })
      }
    }, deadlineMs / CHECKS_PER_DEADLINE)
    const settle = (end: WatchOutcome) => {
      clearInterval(timer)
      resolve(end)
    }
    const fail = (text: string) => settle({ kind: 'failed', text, input: lastInput.read() })
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'line') onLine(message.line)
      else fail(message.text)
    })
    worker.on('error', (error: Error) => fail(error.stack ?? error.message))
    worker.on('exit', (code) => {
      if (code === 0) settle({ kind: 'survived' })
      else fail(`the worker exited with ${code}`)
    })
  })
  await worker.terminate()
  return outcome
}
