/**
 * The project's docker-compose.yml as an operator uses it: with an .env file, docker-compose, the
 * published ports, and the processes of the containers.
 */

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { findFreeUdpPort } from '../helpers/free-port.ts'
import { until } from '../helpers/until.ts'
import type { Engine } from './engine.ts'

const PROJECT_NAME = 'netflow-compose-test'

export const RUNNING_SERVICES = ['db', 'writer', 'collector', 'web'] as const
/** `grafana` has a profile of its own. */
export type Service = (typeof RUNNING_SERVICES)[number] | 'grafana'
export type Port = 'netflow' | 'postgres' | 'collector' | 'writer' | 'web' | 'grafana'

export interface Passwords {
  readonly writer: string
  readonly reader: string
}

export interface WebAnswer {
  readonly status: number
  /** The header content-security-policy. */
  readonly policy: string | null
  readonly text: string
}

export interface DeploymentOptions {
  readonly engine: Engine
  /** The folder of docker-compose.yml. */
  readonly project: string
}

export class Deployment {
  readonly #options: DeploymentOptions
  #passwords: Passwords = { writer: '', reader: '' }
  #ports: Readonly<Record<Port, number>> = {
    ...{ netflow: 0, postgres: 0, collector: 0, writer: 0, web: 0, grafana: 0 },
  }

  constructor(options: DeploymentOptions) {
    this.#options = options
  }

  /** Ports of the host: UDP for datagrams, TCP for the database and the metrics. */
  get ports(): Readonly<Record<Port, number>> {
    return this.#ports
  }

  /** Chooses free ports. Call it once, so that they stay the same over restarts. */
  async choosePorts(): Promise<void> {
    const [postgres = 0, collector = 0, writer = 0, web = 0, grafana = 0] =
      await findFreeTcpPorts(5)
    this.#ports = { netflow: await findFreeUdpPort(), postgres, collector, writer, web, grafana }
  }

  /** Writes the .env file of the deployment, with more settings. */
  async configure(
    passwords: Passwords,
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.#passwords = passwords
    const settings = {
      POSTGRES_PASSWORD: 'of-the-administrator',
      NETFLOW_WRITER_PASSWORD: passwords.writer,
      NETFLOW_READER_PASSWORD: passwords.reader,
      NETFLOW_PORT: this.#ports.netflow,
      POSTGRES_PORT: this.#ports.postgres,
      COLLECTOR_METRICS_PORT: this.#ports.collector,
      WRITER_METRICS_PORT: this.#ports.writer,
      WEB_PORT: this.#ports.web,
      GRAFANA_PORT: this.#ports.grafana,
      RETENTION_DAYS: 7,
      ...more,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(this.#settingsPath, lines.join(''))
  }

  get #settingsPath(): string {
    return join(this.#options.engine.folder, 'env')
  }

  /** Runs docker-compose and returns its output. */
  compose(...args: string[]): Promise<string> {
    const { engine, project } = this.#options
    const files = ['--project-directory', project, '--file', join(project, 'docker-compose.yml')]
    const settings = ['--env-file', this.#settingsPath, '--project-name', PROJECT_NAME]
    return engine.run('docker-compose', ...files, ...settings, ...args)
  }

  containerOf(service: Service | 'setup'): string {
    return `${PROJECT_NAME}_${service}_1`
  }

  /** Fills a template of podman's inspect command. */
  async inspect(service: Service | 'setup', template: string): Promise<string> {
    const name = this.containerOf(service)
    return (await this.#options.engine.podman('inspect', '--format', template, name)).trim()
  }

  /** Runs a shell command in a container, as the container's user. */
  execute(service: Service, command: string): Promise<string> {
    return this.#options.engine.podman('exec', this.containerOf(service), 'sh', '-c', command)
  }

  /** Runs the command of a service in another container, with more options, and returns its output. */
  async runAgain(service: Service, options: readonly string[]): Promise<string> {
    const image = await this.inspect(service, '{{.Image}}')
    const command = (await this.inspect(service, '{{join .Config.Cmd " "}}')).split(' ')
    const { engine } = this.#options
    return engine.podman('run', '--rm', '--network', 'host', ...options, image, ...command)
  }

  /** Returns the last lines of each container's log. */
  async logs(): Promise<string> {
    const sections = [...RUNNING_SERVICES, 'setup' as const].map(async (service) => {
      const args = ['logs', '--tail', '25', this.containerOf(service)]
      const text = await this.#options.engine.podman(...args).catch((error) => String(error))
      return `--- ${service}\n${text}`
    })
    return (await Promise.all(sections)).join('\n')
  }

  /** Kills the processes of services from outside, like a crash; returns their pids. */
  async kill(...services: Service[]): Promise<ReadonlyMap<Service, string>> {
    const pids = new Map<Service, string>()
    for (const service of services) pids.set(service, await this.inspect(service, '{{.State.Pid}}'))
    for (const pid of pids.values()) process.kill(Number(pid), 'SIGKILL')
    return pids
  }

  /** Waits for the successors of killed processes. */
  async untilRestarted(pids: ReadonlyMap<Service, string>): Promise<void> {
    for (const [service, killed] of pids) {
      await until(`${service} is restarted`, async () => {
        const pid = await this.inspect(service, '{{.State.Pid}}').catch(() => killed)
        return pid !== '0' && pid !== killed
      })
    }
  }

  /** Kills the processes of services and waits for their successors. */
  async crash(...services: Service[]): Promise<void> {
    await this.untilRestarted(await this.kill(...services))
  }

  /** Waits until a process answers on the host's loopback that it is healthy. */
  async untilHealthy(service: 'collector' | 'writer' | 'web'): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports[service]}/healthz`
    await until(`${service} is healthy`, () => fetch(url).then(isOk, () => false), 120_000)
  }

  /** Asks the web server, as a program on this host does. */
  async ask(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    more: RequestInit = {},
  ): Promise<WebAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.web}${path}`, { ...more, headers })
    return {
      status: response.status,
      policy: response.headers.get('content-security-policy'),
      text: await response.text(),
    }
  }

  /** Queries the database over its published port, each time over a new connection. */
  async query(
    role: keyof Passwords,
    sql: string,
    password = this.#passwords[role],
  ): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.#ports.postgres,
      database: 'netflow',
      user: `netflow_${role}`,
      password,
      connectionTimeoutMillis: 10_000,
    })
    // The query itself reports a lost connection.
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(sql)).rows as Record<string, unknown>[]
    } finally {
      await client.end().catch(() => {})
    }
  }
}

function isOk(response: Response): boolean {
  return response.ok
}

async function findFreeTcpPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
