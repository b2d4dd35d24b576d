/**
 * A container engine for this test alone: podman with a store, a configuration and a socket of its
 * own, so that it neither sees nor touches other containers of the machine.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../helpers/until.ts'
import { runCommand } from './command.ts'
import { CannotRunError } from './engine-packages.ts'

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward'

export class Engine {
  readonly #cacheFolder: string
  readonly #runFolder: string
  #folder = ''
  #service: ChildProcess | undefined
  #ipForward = ''

  /** @param cacheFolder where images stay from run to run */
  constructor(cacheFolder: string) {
    this.#cacheFolder = cacheFolder
    this.#runFolder = `/run/${cacheFolder.replaceAll('/', '-').replace(/^-+/, '')}`
  }

  /** For files of this run; it goes with `stop`. */
  get folder(): string {
    return this.#folder
  }

  /** What clients of the engine need in their environment. */
  get environment(): Record<string, string> {
    return {
      CONTAINERS_CONF: join(this.#cacheFolder, 'containers.conf'),
      // There may be no systemd whose timers could run the health checks: see HealthTimer.
      DISABLE_HC_SYSTEMD: 'true',
      DOCKER_HOST: `unix://${this.#folder}/podman.sock`,
      // The engine's own builder, also where a docker command is installed.
      COMPOSE_DOCKER_CLI_BUILD: '0',
    }
  }

  /** Starts the service that docker-compose talks to, and removes what a killed run left. */
  async start(): Promise<void> {
    if (this.#service) return
    await mkdir(this.#cacheFolder, { recursive: true })
    await this.#lock()
    this.#ipForward = await readFile(IP_FORWARD, 'utf8')
    this.#folder = await mkdtemp(join(tmpdir(), 'netflow-compose-'))
    await writeFile(join(this.#cacheFolder, 'containers.conf'), this.#configuration())
    await this.#removeContainers()
    const socket = `${this.#folder}/podman.sock`
    const args = [...this.#storeArguments(), 'system', 'service', '--time=0', `unix://${socket}`]
    this.#service = spawn('podman', args, {
      stdio: 'ignore',
      env: { ...process.env, ...this.environment },
    })
    const service = this.#service
    await until('the engine listens', () => {
      if (service.exitCode !== null) throw new Error('podman system service ended: see its log')
      return existsSync(socket)
    })
  }

  /** Runs podman in the store of this test; gives what it prints. */
  podman(...args: string[]): Promise<string> {
    return runCommand('podman', [...this.#storeArguments(), ...args], {
      environment: this.environment,
    })
  }

  /** Ends the engine and removes all but the images. */
  async stop(): Promise<void> {
    if (this.#folder === '') return
    await this.#removeContainers()
    const service = this.#service
    this.#service = undefined
    if (service && service.exitCode === null) {
      service.kill('SIGTERM')
      await once(service, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
    this.#folder = ''
    await writeFile(IP_FORWARD, this.#ipForward)
    await rm(this.#lockPath)
  }

  get #lockPath(): string {
    return join(this.#cacheFolder, 'lock')
  }

  /** Two runs would remove each other's containers. */
  async #lock(): Promise<void> {
    const holder = Number(await readFile(this.#lockPath, 'utf8').catch(() => '0'))
    if (holder !== 0 && existsSync(`/proc/${holder}`)) {
      throw new CannotRunError(`process ${holder} is running it, says ${this.#lockPath}`)
    }
    await writeFile(this.#lockPath, String(process.pid))
  }

  async #removeContainers(): Promise<void> {
    await this.podman('rm', '--all', '--force', '--volumes', '--time=0')
    await this.podman('volume', 'prune', '--force')
    await this.podman('network', 'prune', '--force')
    // Layers of earlier builds make the next one fast, but not for ever.
    await this.podman('image', 'prune', '--force', '--filter', 'until=168h')
  }

  #storeArguments(): string[] {
    const store = join(this.#cacheFolder, 'store')
    return ['--root', store, '--runroot', this.#runFolder, '--storage-driver', 'overlay']
  }

  #configuration(): string {
    return `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "${this.#runFolder}/engine"
[network]
network_backend = "netavark"
network_config_dir = "${this.#cacheFolder}/networks"
`
  }
}
