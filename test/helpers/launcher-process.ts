/** Runs the real launcher (`npm start`) in a folder of its own, and removes everything afterwards. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readProcessState } from '../../launcher/process/process-state.ts'
import { withoutPostgresVariables } from '../../launcher/settings.ts'
import { until } from './until.ts'

/** A line of the log. */
interface LogLine {
  readonly name: string
  readonly level: number
  readonly msg: string
  readonly [fact: string]: unknown
}

const MAIN = fileURLToPath(new URL('../../launcher/main.js', import.meta.url))

export class LauncherProcess {
  readonly folder: string
  readonly #environment: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #exit: Promise<number | NodeJS.Signals | null> = Promise.resolve(null)
  /** All output of the launcher and its children since the latest start. */
  output = ''

  constructor(environment: Readonly<Record<string, string>> = {}, folder?: string) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'netflow-launcher-'))
    this.#environment = environment
  }

  get pid(): number {
    if (!this.#child?.pid) throw new Error('the launcher is not started')
    return this.#child.pid
  }

  /** The connection string of the embedded database. */
  get databaseUrl(): string {
    return `postgres://netflow@${encodeURIComponent(join(this.folder, 'data'))}:5432/netflow`
  }

  /** The UDP port that the greeting names. */
  get port(): number {
    return Number(/UDP port (\d+)/.exec(this.output)?.[1])
  }

  /** The lines of the launcher and its children, all of them JSON, since the latest start. */
  get lines(): readonly LogLine[] {
    const whole = this.output.slice(0, this.output.lastIndexOf('\n'))
    return whole.split('\n').map((line) => JSON.parse(line) as LogLine)
  }

  get serverPid(): number {
    return Number.parseInt(this.#read('postgres/postmaster.pid'), 10)
  }

  /** Starts the launcher in a process group of its own, as a shell does. */
  spawn(): this {
    const { DATABASE_URL: _, ...inherited } = withoutPostgresVariables(process.env)
    this.output = ''
    const child = spawn(process.execPath, [MAIN], {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited,
        NETFLOW_PORT: '0',
        METRICS_PORT: '0',
        WEB_PORT: '0',
        ...this.#environment,
      },
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
    this.#child = child
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? code))
    })
    return this
  }

  /** Starts the launcher and waits for the greeting. */
  async start(): Promise<this> {
    this.spawn()
    await this.waitForOutput('ready: exporters may send to')
    return this
  }

  async waitForOutput(text: string | RegExp): Promise<void> {
    const has = () =>
      typeof text === 'string' ? this.output.includes(text) : text.test(this.output)
    const ended = this.#exit.then((how) => {
      if (has()) return
      throw new Error(`the launcher ended with ${how} before it wrote ${text}:\n${this.output}`)
    })
    const seen = until(`"${text}" in the output`, has, 60_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.output}`)
    })
    await Promise.race([seen, ended])
  }

  /** Finds the pid of a child in its log; after a restart the newest one. */
  pidOf(role: 'collector' | 'writer' | 'web'): number {
    const lines = [...this.output.matchAll(new RegExp(`"name":"${role}","pid":(\\d+)`, 'g'))]
    return Number(lines.at(-1)?.[1])
  }

  /** Presses Ctrl-C: the signal reaches the whole process group. */
  pressCtrlC(): void {
    process.kill(-this.pid, 'SIGINT')
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Waits for the launcher's end. @returns the exit code or the signal */
  waitForExit(): Promise<number | NodeJS.Signals | null> {
    return this.#exit
  }

  /** Waits until the database of a killed launcher is stopped. */
  async waitForServerEnd(): Promise<void> {
    const pid = this.serverPid
    await until('the end of PostgreSQL', async () => !(await readProcessState(pid)), 90_000)
  }

  /** Stops the launcher if it runs, and removes its folder. */
  async remove(): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) {
      this.kill('SIGTERM')
      await this.#exit
    }
    if (Number.isInteger(this.serverPid)) await this.waitForServerEnd()
    await rm(this.folder, { recursive: true, force: true })
  }

  #read(path: string): string {
    try {
      return readFileSync(join(this.folder, 'data', path), 'utf8')
    } catch {
      return ''
    }
  }
}
