/**
 * Gives closed partitions of `flows` the access method `columnar`, of the extension citus_columnar: a
 * sixth of the bytes. One partition at a time; others are read and loaded meanwhile.
 */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'

const COLUMNAR = 'columnar'
/** An advisory lock, together with the table: one of several writers converts at a time. */
const COLUMNAR_LOCK = 7_411_986
/** Whoever asks for the partition waits as long for a reader of it. */
const LOCK_PATIENCE = '2s'

const HAS_COLUMNAR = `
  select exists (select from pg_am where amname = '${COLUMNAR}' and amtype = 't') as found`

/** Partitions that ended `$1` days ago and are not columnar yet, and their bytes; the newest first. */
const NEXT_PARTITION = `
  select partition::text as name, total_bytes::float8 as bytes, count(*) over () as waiting
  from flow_partitions
  join pg_class as child on child.oid = partition
  where until <= now() - $1 * interval '1 day'
    and access_method <> '${COLUMNAR}' and child.relkind = 'r'
    and not is_building
    and pg_has_role(child.relowner, 'usage')
  order by since desc limit 1`

const BYTES = 'select pg_total_relation_size($1::regclass)::float8 as bytes'

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01'

interface ColumnarOptions {
  /** How long a partition has been closed; 0: none becomes columnar. */
  readonly afterDays: number
  readonly logger: Logger
  readonly signal: AbortSignal
}

export class ColumnarHistory {
  readonly #options: ColumnarOptions
  #isMissing = false

  constructor(options: ColumnarOptions) {
    this.#options = options
  }

  /**
   * Converts all partitions that are due.
   *
   * @throws the database's error, such as a lock that was not given in time; the next call goes on
   */
  async convert(client: pg.Client): Promise<void> {
    const { afterDays, signal } = this.#options
    if (afterDays === 0 || !(await this.#isAvailable(client))) return
    while (!signal.aborted && (await this.#convertNext(client)));
  }

  async #isAvailable(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query(HAS_COLUMNAR)
    const isMissing = !rows[0]?.found
    if (isMissing && !this.#isMissing) {
      this.#options.logger.warn(
        'COLUMNAR_AFTER_DAYS is set, but the database has no access method columnar: partitions stay as ' +
          'they are; "create extension citus_columnar", or set COLUMNAR_AFTER_DAYS=0',
      )
    }
    this.#isMissing = isMissing
    return !isMissing
  }

  /** Returns whether there was one. */
  async #convertNext(client: pg.Client): Promise<boolean> {
    const { afterDays, logger } = this.#options
    await client.query('begin')
    try {
      const { rows: locks } = await client.query(
        `select pg_try_advisory_xact_lock($1, 'flows'::regclass::oid::integer) as locked`,
        [COLUMNAR_LOCK],
      )
      const { rows } = await client.query(NEXT_PARTITION, [afterDays])
      const [next] = rows
      if (!locks[0]?.locked || !next) return false
      const startedAt = performance.now()
      await client.query(`set local lock_timeout = '${LOCK_PATIENCE}'`)
      await client.query(`lock table ${next.name} in access exclusive mode`)
      logger.info(
        { partition: next.name, waiting: Number(next.waiting) },
        'making a partition columnar',
      )
      await client.query(`alter table ${next.name} set access method ${COLUMNAR}`)
      await client.query('commit')
      const { rows: sizes } = await client.query(BYTES, [next.name])
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10
      const facts = {
        partition: next.name,
        bytesBefore: next.bytes,
        bytes: sizes[0]?.bytes,
        seconds,
      }
      logger.info(facts, 'made a partition columnar')
    } catch (error) {
      // Retention has dropped the partition meanwhile.
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error
    } finally {
      // Of no effect after the commit; a lost connection has rolled back.
      await client.query('rollback').catch(() => {})
    }
    return true
  }
}
