/**
 * One exporter of a pipeline that several tests share, and questions that see only its rows. A process
 * needs longer to start than most tests to run.
 */

import assert from 'node:assert/strict'
import type { Pipeline, Row } from './pipeline.ts'
import type { LogLine } from './pipeline-processes.ts'
import type { RawExporter } from './raw-exporter.ts'
import { until } from './until.ts'

/** The log line of a writer that found the memory of an earlier one. */
const RESTORED = /^restored what/

/** Relations with a column that names an exporter. */
const LIST_RELATIONS = `
  select relname as name, attname as column from pg_class
  join pg_attribute on attrelid = pg_class.oid
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and not relispartition
    and attname = case when relname = 'exporters' then 'address' else 'exporter' end`

export class ExporterScope {
  readonly address: string
  readonly #pipeline: Pipeline
  readonly #schema: string
  #exporter: RawExporter | undefined

  private constructor(pipeline: Pipeline, address: string) {
    this.#pipeline = pipeline
    this.address = address
    this.#schema = `only_${address.replaceAll('.', '_')}`
  }

  /** Makes the views of an exporter that has sent nothing yet; `number` is 1 to 254. */
  static async open(pipeline: Pipeline, number: number): Promise<ExporterScope> {
    const scope = new ExporterScope(pipeline, `127.0.1.${number}`)
    const relations = await pipeline.ask(LIST_RELATIONS)
    const views = relations.map(({ name, column }) => {
      const columns = name === 'templates' ? '*, xmin' : '*'
      return `create view ${scope.#schema}.${name} as
        select ${columns} from public.${name} where ${column} = '${scope.address}';`
    })
    await pipeline.ask(`create schema ${scope.#schema}; ${views.join(' ')}`)
    return scope
  }

  /** The exporter, with a source port of its own. */
  get exporter(): RawExporter {
    this.#exporter ??= this.makeExporter()
    return this.#exporter
  }

  /** Makes another sender of the same address, with another source port. */
  makeExporter(): RawExporter {
    return this.#pipeline.makeExporter(this.address)
  }

  /** Asks about the rows of this exporter. */
  async ask(sql: string): Promise<Row[]> {
    return this.#pipeline.ask(`set local search_path = ${this.#schema}, public; ${sql}`)
  }

  /** Waits until a query returns exactly these rows. */
  async expectRows(sql: string, rows: readonly object[]): Promise<void> {
    let found: readonly object[] = []
    const expected = JSON.stringify(rows)
    await until(`${sql} returns ${expected}`, async () => {
      found = await this.ask(sql)
      return JSON.stringify(found) === expected
    }).catch(() => assert.deepEqual(found, rows))
  }

  /** Waits for a line of the writer's log about this exporter; returns the first. */
  waitForLine(text: RegExp): Promise<LogLine> {
    return until(`a line like ${text}`, () =>
      this.#pipeline.findLines(text).find(({ exporter }) => exporter === this.address),
    )
  }

  /**
   * Kills the writer and starts it again, and asserts that it has restored the templates and held sets
   * of all exporters: as many as the tables hold.
   */
  async killWriter(): Promise<void> {
    const before = this.#pipeline.findLines(RESTORED).length
    const [stored] = await this.#pipeline.ask(
      `select (select count(*)::int from templates) as templates,
         (select count(*)::int from held_sets) as "heldSets"`,
    )
    await this.#pipeline.killWriter()
    if (stored?.['templates'] === 0 && stored['heldSets'] === 0) return
    const { templates, heldSets } = await until('the restored memory', () =>
      this.#pipeline.findLines(RESTORED).at(before),
    )
    assert.deepEqual({ templates, heldSets }, stored)
  }
}
