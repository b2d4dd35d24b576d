/**
 * The faults of a storm, each kind by a clock of its own: the writer is killed, stopped, frozen;
 * PostgreSQL is stopped, killed, away; connections are cut, most often during COMMIT, and before the
 * answer to it; the collector is restarted. Equal seeds make equal choices, not equal moments.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { queryRows } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import type { ChaosPipeline } from './chaos-pipeline.ts'

export type FaultKind =
  | 'writer killed'
  | 'writer stopped'
  | 'writer frozen'
  | 'database stopped'
  | 'database killed'
  | 'connections cut'
  | 'connections cut during COMMIT'
  | 'answers to COMMIT lost'
  | 'collector restarted'

export interface StormFaultsOptions {
  readonly chaos: ChaosPipeline
  readonly seed: number
  readonly onFault: (kind: FaultKind) => void
}

/** Waits up to three seconds for a session of the writer that is about to commit, and ends it there. */
const CUT_DURING_COMMIT = `
  do $$
  declare cut boolean;
  begin
    for attempt in 1..1500 loop
      perform pg_stat_clear_snapshot();
      select bool_or(pg_terminate_backend(pid)) into cut from pg_stat_activity
      where application_name = 'netflow-writer' and state = 'active' and query = 'commit';
      exit when cut;
      perform pg_sleep(0.002);
    end loop;
    if cut is null then raise 'nobody committed'; end if;
  end $$`
/** How long to wait for the next commit. */
const COMMIT_MS = 500
const CUT_ALL = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'netflow-writer'`

export class StormFaults {
  readonly #options: StormFaultsOptions
  readonly #over = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()
  #writerReady: Promise<unknown> = Promise.resolve()
  #isCollectorStopping = false
  /** Processes that were told to end. */
  readonly #told = new WeakSet<object>()
  readonly #unexpected: string[] = []

  constructor(options: StormFaultsOptions) {
    this.#options = options
  }

  /** Processes that ended although nobody had told them to, or with another exit code. */
  get unexpected(): readonly string[] {
    return this.#unexpected
  }

  start(): void {
    this.#watchWriter()
    const { seed } = this.#options
    this.#loops = Promise.all([
      this.#repeat(new Random(seed), [200, 1_600], (random) => this.#hurtWriter(random)),
      this.#repeat(new Random(seed + 1), [1_500, 5_000], (random) => this.#hurtServer(random)),
      this.#repeat(new Random(seed + 2), [100, 1_500], (random) => this.#cutConnections(random)),
      this.#repeat(new Random(seed + 3), [3_000, 12_000], () => this.#restartCollector()),
      this.#repeat(new Random(seed + 4), [100, 1_000], () => this.#loseAnswer()),
    ])
  }

  /** Ends the storm: everything runs and is ready afterwards. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#loops
    await this.#writerReady
  }

  async #repeat(
    random: Random,
    [shortestMs, longestMs]: readonly [number, number],
    hurt: (random: Random) => Promise<FaultKind | undefined>,
  ): Promise<void> {
    const { signal } = this.#over
    for (;;) {
      const pauseMs = shortestMs + random.below(longestMs - shortestMs)
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const kind = await hurt(random)
      if (kind !== undefined) this.#options.onFault(kind)
    }
  }

  async #hurtWriter(random: Random): Promise<FaultKind> {
    const { pipeline } = this.#options.chaos
    // The collector waits for a writer, but not for ever: on a busy machine none would live so long.
    if (this.#isCollectorStopping) await this.#writerReady
    const choice = random.below(10)
    if (choice === 0) {
      const { writer } = pipeline
      writer.kill('SIGSTOP')
      await sleep(200 + random.below(1_000))
      writer.kill('SIGCONT')
      return 'writer frozen'
    }
    const signal = choice === 1 ? 'SIGTERM' : 'SIGKILL'
    this.#told.add(pipeline.writer)
    const code = await pipeline.end('writer', signal)
    // null: it had only just begun, and the signal ended it before it could listen.
    if (signal === 'SIGTERM' && code !== 0 && code !== null) {
      this.#unexpected.push(`the writer that was told to stop exited with ${code}`)
    }
    // It may well be killed again before it is ready.
    this.#writerReady = pipeline.startWriter().catch(() => {})
    this.#watchWriter()
    return signal === 'SIGTERM' ? 'writer stopped' : 'writer killed'
  }

  #watchWriter(): void {
    const { writer } = this.#options.chaos.pipeline
    writer.once('exit', (code, signal) => {
      if (this.#told.has(writer) || this.#over.signal.aborted) return
      this.#unexpected.push(`the writer ended on its own: exit code ${code}, signal ${signal}`)
    })
  }

  async #hurtServer(random: Random): Promise<FaultKind> {
    const { server } = this.#options.chaos
    const mode = random.pick(['fast', 'immediate'] as const)
    await server.stop(mode)
    await sleep(random.below(3_000))
    await server.restart()
    return mode === 'fast' ? 'database stopped' : 'database killed'
  }

  async #cutConnections(random: Random): Promise<FaultKind | undefined> {
    const duringCommit = random.below(3) > 0
    try {
      await queryRows(this.#options.chaos.server.url, duringCommit ? CUT_DURING_COMMIT : CUT_ALL)
    } catch {
      // The server is away, or nobody committed: no fault, then.
      return undefined
    }
    return duringCommit ? 'connections cut during COMMIT' : 'connections cut'
  }

  /** The server commits, and the writer must find out, or it would store the rows twice. */
  async #loseAnswer(): Promise<FaultKind | undefined> {
    const { cuts } = this.#options.chaos.proxy
    cuts.push('lose-answer')
    await sleep(COMMIT_MS)
    return cuts.splice(0).length === 0 ? 'answers to COMMIT lost' : undefined
  }

  /** Nobody sends meanwhile: datagrams would reach no socket. */
  async #restartCollector(): Promise<FaultKind> {
    const { pipeline, traffic } = this.#options.chaos
    await traffic.whilePaused(async () => {
      this.#isCollectorStopping = true
      const code = await pipeline.end('collector')
      this.#isCollectorStopping = false
      if (code !== 0) this.#unexpected.push(`the collector exited with ${code}`)
      await pipeline.startCollector()
    })
    return 'collector restarted'
  }
}
