/** A process that asks the web server at the order of `web-load.ts`, and counts what it answers. */

import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WebLoadOrder {
  /** Such as http://127.0.0.1:8080. */
  readonly origin: string
  readonly seconds: number
  /** One path, at a rate of questions per second. */
  readonly cached: { readonly path: string; readonly rate: number }
  /** Clients at once. Each asks its next question, with `{n}` from 1 to 10,000, after an answer. */
  readonly heavy: { readonly path: string; readonly clients: number }
}

export interface WebLoadAnswer {
  readonly cachedMs: readonly number[]
  readonly heavyMs: readonly number[]
  /** Replies by status; 0: none came. */
  readonly cachedStatuses: Readonly<Record<number, number>>
  readonly heavyStatuses: Readonly<Record<number, number>>
}

/** How long a refused client waits. */
const REFUSED_PAUSE_MS = 100

class Tally {
  readonly ms: number[] = []
  readonly statuses: Record<number, number> = {}

  add(status: number, ms: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
    if (status === 200) this.ms.push(ms)
  }
}

async function ask(url: string, agent: Agent, tally: Tally): Promise<number> {
  const started = performance.now()
  const status = await new Promise<number>((resolve) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    }).on('error', () => resolve(0))
  })
  tally.add(status, performance.now() - started)
  return status
}

async function askCached({ origin, seconds, cached }: WebLoadOrder, tally: Tally): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const started = performance.now()
  const count = seconds * cached.rate
  const running: Promise<number>[] = []
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, ((performance.now() - started) / 1000) * cached.rate)
    for (; sent < due; sent += 1) running.push(ask(origin + cached.path, agent, tally))
    await sleep(1)
  }
  await Promise.all(running)
  agent.destroy()
}

async function askHeavy({ origin, seconds, heavy }: WebLoadOrder, tally: Tally): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: heavy.clients })
  const end = performance.now() + seconds * 1000
  let number = 0
  const client = async () => {
    while (performance.now() < end) {
      number = (number % 10_000) + 1
      const status = await ask(origin + heavy.path.replace('{n}', String(number)), agent, tally)
      if (status !== 200) await sleep(REFUSED_PAUSE_MS)
    }
  }
  await Promise.all(Array.from({ length: heavy.clients }, client))
  agent.destroy()
}

process.on('message', async (order: WebLoadOrder) => {
  const [first, cached, heavy] = [new Tally(), new Tally(), new Tally()]
  // From here on there is an answer to keep.
  await ask(order.origin + order.cached.path, new Agent(), first)
  await Promise.all([askCached(order, cached), askHeavy(order, heavy)])
  const answer: WebLoadAnswer = {
    cachedMs: cached.ms,
    heavyMs: heavy.ms,
    cachedStatuses: cached.statuses,
    heavyStatuses: heavy.statuses,
  }
  process.send?.(answer)
})
process.send?.('ready')
