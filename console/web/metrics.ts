/** The metrics of the web server. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addProcessMetrics } from '../../shared/process-metrics.ts'
import type { Failures } from './guard/failures.ts'
import type { AnswerCache } from './reader/answer-cache.ts'
import type { Reader } from './reader/reader.ts'

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5, 15, 60]

interface Sources {
  readonly reader: Reader
  readonly cache: AnswerCache
  readonly failures: Failures
}

export class WebMetrics {
  readonly registry = new Registry()
  readonly #seconds: Histogram<'route' | 'status'>

  constructor({ reader, cache, failures }: Sources) {
    addProcessMetrics(this.registry)
    const registers = [this.registry]
    this.#seconds = new Histogram({
      name: 'netflow_web_request_seconds',
      help: 'Time of replies, by route and status.',
      labelNames: ['route', 'status'],
      buckets: SECONDS,
      registers,
    })
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({ name, help, registers, collect: set(read) })
    const counter = (name: string, help: string, read: () => number) =>
      new Counter({ name, help, registers, collect: count(read) })
    gauge('netflow_web_questions_running', 'Questions that the database is answering.', () => {
      return reader.figures.running
    })
    gauge('netflow_web_questions_waiting', 'Questions that wait for a session.', () => {
      return reader.figures.waiting
    })
    counter('netflow_web_questions_refused_total', 'Questions refused, as too many waited.', () => {
      return reader.figures.refused
    })
    counter('netflow_web_questions_cancelled_total', 'Questions cancelled in the database.', () => {
      return reader.figures.cancelled
    })
    counter('netflow_web_cache_hits_total', 'Answers that were kept, or already asked for.', () => {
      return cache.figures.hits
    })
    counter('netflow_web_cache_misses_total', 'Answers that the database was asked for.', () => {
      return cache.figures.misses
    })
    gauge('netflow_web_cache_bytes', 'Size of all kept answers.', () => cache.figures.bytes)
    counter('netflow_web_wrong_passwords_total', 'Wrong passwords.', () => failures.total)
  }

  /** @param route one of the program's routes, never a path: labels must stay few */
  observe(route: string, status: number, seconds: number): void {
    this.#seconds.labels(route, String(status)).observe(seconds)
  }
}

/** prom-client calls `collect` as a method of its metric. */
function set(read: () => number) {
  return function collect(this: Gauge): void {
    this.set(read())
  }
}

function count(read: () => number) {
  return function collect(this: Counter): void {
    this.reset()
    this.inc(read())
  }
}
