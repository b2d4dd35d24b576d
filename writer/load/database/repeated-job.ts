/** Repeats a job in the background, one run after the other. */
export class RepeatedJob {
  readonly #run: () => Promise<number>
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  /** @param run never rejects; returns how long to wait until the next run, in milliseconds */
  constructor(run: () => Promise<number>) {
    this.#run = run
  }

  /** Aborts when the job is stopped. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Begins with the first run soon. May be called twice. */
  start(): void {
    if (this.#timer === undefined) this.#runIn(0)
  }

  #runIn(ms: number): void {
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => void this.#run().then((waitMs) => this.#runIn(waitMs)), ms)
  }

  /** Begins no run any more; one that is under way goes on. May be called twice. */
  stop(): void {
    this.#abort.abort()
    clearTimeout(this.#timer)
  }
}
