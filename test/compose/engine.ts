/**
 * A container engine for this test alone: podman with a store, a configuration and a socket of its
 * own. It cannot touch other containers of the machine.
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

const LOCK = '/run/netflow-compose-test.lock'
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward'

export interface EngineOptions {
  /** Keeps the images from run to run. */
  readonly cacheFolder: string
  /** Kills all running commands but those of `stop`. */
  readonly signal: AbortSignal
}

export class Engine {
  readonly #cacheFolder: string
  readonly #signal: AbortSignal
  readonly #runFolder: string
  #folder = ''
  #service: ChildProcess | undefined
  #ipForward = ''

  constructor({ cacheFolder, signal }: EngineOptions) {
    this.#cacheFolder = cacheFolder
    this.#signal = signal
    this.#runFolder = `/run/${cacheFolder.replaceAll('/', '-').replace(/^-+/, '')}`
  }

  /** For files of this run; `stop` removes it. */
  get folder(): string {
    return this.#folder
  }

  /** The environment for clients of the engine. */
  get environment(): Record<string, string> {
    return {
      CONTAINERS_CONF: join(this.#cacheFolder, 'containers.conf'),
      // HealthTimer runs the health checks, as there may be no systemd with timers for them.
      DISABLE_HC_SYSTEMD: 'true',
      DOCKER_HOST: `unix://${this.#folder}/podman.sock`,
      // Builds with the engine, even if a docker command is installed.
      COMPOSE_DOCKER_CLI_BUILD: '0',
    }
  }

  /** Starts the service for docker-compose, and removes the remains of a killed run. */
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
      if (service.exitCode !== null)
        throw new Error('podman system service has exited: see its log')
      return existsSync(socket)
    })
  }

  /** Runs podman in the store of this test and returns its output. */
  podman(...args: string[]): Promise<string> {
    return this.run('podman', ...this.#storeArguments(), ...args)
  }

  /** Runs a command, such as a client of the engine, and returns its output. */
  run(file: string, ...args: string[]): Promise<string> {
    const { environment } = this
    return runCommand(file, args, { environment, signal: this.#signal })
  }

  /** Stops the engine and removes everything but the images. */
  async stop(): Promise<void> {
    if (this.#folder === '') return
    const service = this.#service
    this.#service = undefined
    // Without the service, no client can create another container.
    if (service && service.exitCode === null) {
      service.kill('SIGTERM')
      await once(service, 'exit')
    }
    await this.#removeContainers()
    await unmountBelow(this.#folder)
    await rm(this.#folder, { recursive: true, force: true })
    this.#folder = ''
    await writeFile(IP_FORWARD, this.#ipForward)
    await rm(LOCK)
  }

  /** Two runs at once would share names of networks and remove each other's containers. */
  async #lock(): Promise<void> {
    const holder = Number(await readFile(LOCK, 'utf8').catch(() => '0'))
    if (holder !== 0 && existsSync(`/proc/${holder}`)) {
      throw new CannotRunError(`process ${holder} already runs it, according to ${LOCK}`)
    }
    await writeFile(LOCK, String(process.pid))
  }

  async #removeContainers(): Promise<void> {
    const { environment } = this
    const podman = (...args: string[]) =>
      runCommand('podman', [...this.#storeArguments(), ...args], { environment })
    // An interrupted build leaves external containers.
    const ids = (await podman('ps', '--all', '--external', '--quiet')).split('\n')
    for (const id of ids.filter((line) => line !== '')) {
      await podman('rm', '--force', '--volumes', '--time=0', id)
    }
    await podman('volume', 'prune', '--force')
    await podman('network', 'prune', '--force')
    // Layers of earlier builds speed up the next one; they are kept for a week.
    await podman('image', 'prune', '--force', '--filter', 'until=168h')
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

/** Unmounts /proc, which a killed debootstrap leaves mounted, before the folder is removed. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n')
  const points = mounts.map((line) => line.split(' ')[1] ?? '')
  for (const point of points.filter((one) => one.startsWith(`${folder}/`)).reverse()) {
    await runCommand('umount', [point])
  }
}
