/**
 * Runs the health checks of all containers every second. Docker does so by itself; podman needs timers
 * of systemd, which may be absent.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engine.ts'

const PAUSE_MS = 1_000

export class HealthTimer {
  readonly #engine: Engine
  #running: Promise<void> | undefined
  #isStopping = false

  constructor(engine: Engine) {
    this.#engine = engine
  }

  start(): void {
    this.#isStopping = false
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
    this.#running = undefined
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const names = await this.#engine.podman('ps', '--format', '{{.Names}}').catch(() => '')
      for (const name of names.split('\n').filter((line) => line !== '')) {
        // It fails if the container is unhealthy, has no check, or just ended. The test that waits
        // for its health notices.
        await this.#engine.podman('healthcheck', 'run', name).catch(() => '')
      }
      await sleep(PAUSE_MS)
    }
  }
}
