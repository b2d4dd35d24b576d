/**
 * Shares answers. Equal questions that are asked at the same time run once. Answers are kept for a
 * short time, within a limit of bytes. A question is cancelled when its last client has left.
 */

interface CachedQuestion {
  /** How long an answer is kept. */
  readonly lifetimeMs: number
  /** How long after that it is still returned, while a new one is asked for. Default 0. */
  readonly staleMs?: number
  /** Asks the question. The signal aborts when no client is left. */
  readonly answer: (signal: AbortSignal) => Promise<Buffer>
  /** Asks for an answer that replaces a kept one. Default: `answer`. */
  readonly refresh?: (signal: AbortSignal) => Promise<Buffer>
}

interface Entry {
  readonly promise: Promise<Buffer>
  readonly controller: AbortController
  /** Clients that wait for it. */
  waiting: number
  /** Undefined until it is answered. */
  bytes: number | undefined
  /** When a new answer is asked for. */
  freshUntil: number
  /** When it is forgotten. */
  expiresAt: number
}

/** How long a refresh that failed is not tried again. */
const REFRESH_AGAIN_MS = 1_000

/** Memory of an entry besides its answer and its key. */
const OVERHEAD_BYTES = 1_024

interface CacheFigures {
  readonly hits: number
  readonly misses: number
  readonly bytes: number
  readonly entries: number
}

export class AnswerCache {
  readonly #maxBytes: number
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  #hits = 0
  #misses = 0

  /** @param now milliseconds of a clock that only goes forward */
  constructor(maxBytes: number, now: () => number) {
    this.#maxBytes = maxBytes
    this.#now = now
  }

  get figures(): CacheFigures {
    return {
      hits: this.#hits,
      misses: this.#misses,
      bytes: this.#bytes,
      entries: this.#entries.size,
    }
  }

  /** Returns a kept answer at once; undefined when there is none. */
  peek(key: string): Promise<Buffer> | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.bytes === undefined) return undefined
    if (entry.expiresAt <= this.#now()) {
      this.#remove(key, entry)
      return undefined
    }
    this.#hits += 1
    return entry.promise
  }

  /**
   * Returns the answer of a question.
   *
   * @param question.signal aborts when this client leaves; the question goes on for the others
   */
  async get(
    key: string,
    question: CachedQuestion & { readonly signal: AbortSignal },
  ): Promise<Buffer> {
    const kept = this.peek(key)
    if (kept) {
      this.#refresh(key, question)
      return kept
    }
    const running = this.#entries.get(key)
    if (running) this.#hits += 1
    const entry = running ?? this.#start(key, question)
    entry.waiting += 1
    const leave = () => {
      entry.waiting -= 1
      if (entry.waiting > 0 || entry.bytes !== undefined) return
      // The next client must not join a cancelled question.
      this.#remove(key, entry)
      entry.controller.abort()
    }
    question.signal.addEventListener('abort', leave, { once: true })
    if (question.signal.aborted) leave()
    try {
      return await entry.promise
    } finally {
      question.signal.removeEventListener('abort', leave)
    }
  }

  #start(key: string, question: CachedQuestion): Entry {
    this.#misses += 1
    const controller = new AbortController()
    const promise = question.answer(controller.signal)
    const unknown = { waiting: 0, bytes: undefined, freshUntil: 0, expiresAt: 0 }
    const entry: Entry = { promise, controller, ...unknown }
    this.#entries.set(key, entry)
    promise.then(
      (answer) => this.#keep(key, entry, question, answer),
      () => this.#remove(key, entry),
    )
    return entry
  }

  /** Asks for a new answer in place of an old one; others get the old one until it is there. */
  #refresh(key: string, question: CachedQuestion): void {
    const old = this.#entries.get(key)
    const now = this.#now()
    if (!old || old.freshUntil > now) return
    this.#misses += 1
    // Until then nobody else asks.
    old.freshUntil = Number.POSITIVE_INFINITY
    const refresh = question.refresh ?? question.answer
    refresh(new AbortController().signal).then(
      (answer) => {
        if (this.#entries.get(key) !== old) return
        this.#remove(key, old)
        const entry: Entry = { ...old, promise: Promise.resolve(answer), bytes: undefined }
        this.#entries.set(key, entry)
        this.#keep(key, entry, question, answer)
      },
      () => {
        old.freshUntil = this.#now() + REFRESH_AGAIN_MS
      },
    )
  }

  #keep(key: string, entry: Entry, question: CachedQuestion, answer: Buffer): void {
    // All clients have left meanwhile.
    if (this.#entries.get(key) !== entry) return
    entry.bytes = answer.length + key.length * 2 + OVERHEAD_BYTES
    entry.freshUntil = this.#now() + question.lifetimeMs
    entry.expiresAt = entry.freshUntil + (question.staleMs ?? 0)
    this.#bytes += entry.bytes
    this.#shrink()
  }

  /** Removes expired answers, and the oldest ones until all fit. */
  #shrink(): void {
    const now = this.#now()
    for (const [key, entry] of this.#entries) {
      if (entry.bytes === undefined) continue
      if (this.#bytes <= this.#maxBytes && entry.expiresAt > now) continue
      this.#remove(key, entry)
    }
  }

  #remove(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes ?? 0
  }
}
