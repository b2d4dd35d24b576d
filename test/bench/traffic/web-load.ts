/** The web server as a process of its own, and a process that asks it. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../helpers/free-port.ts'
import { endProcess } from '../measure/end-process.ts'
import { readMemory } from '../measure/process-usage.ts'
import type { WebLoadAnswer, WebLoadOrder } from './web-load-process.ts'

const SERVER = fileURLToPath(new URL('../../../console/web/main.js', import.meta.url))
const LOAD = fileURLToPath(new URL('./web-load-process.js', import.meta.url))

export class WebLoad {
  readonly #server: ChildProcess
  readonly #load: ChildProcess
  readonly #origin: string

  private constructor(server: ChildProcess, load: ChildProcess, origin: string) {
    this.#server = server
    this.#load = load
    this.#origin = origin
  }

  /** Starts both processes. `stop` ends them. */
  static async start(databaseUrl: string): Promise<WebLoad> {
    const port = await findFreePort()
    const { PATH = '' } = process.env
    const settings = { DATABASE_URL: databaseUrl, WEB_PORT: String(port), LOG_LEVEL: 'error' }
    const server = fork(SERVER, { env: { PATH, ...settings } })
    const load = fork(LOAD)
    await Promise.all([once(server, 'message'), once(load, 'message')])
    return new WebLoad(server, load, `http://127.0.0.1:${port}`)
  }

  async run(order: Omit<WebLoadOrder, 'origin'>): Promise<WebLoadAnswer> {
    this.#load.send({ ...order, origin: this.#origin })
    const [answer] = await once(this.#load, 'message')
    return answer as WebLoadAnswer
  }

  /** The most memory that the server has had; undefined where nobody knows. */
  get peakBytes(): number | undefined {
    return readMemory(this.#server.pid ?? 0)?.peakRssBytes
  }

  async stop(): Promise<void> {
    await endProcess(this.#load)
    await endProcess(this.#server)
  }
}
