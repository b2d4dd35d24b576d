/** Fills `flows` with random rows and runs the rollup job at times that a test chooses. */

import type pg from 'pg'
import { pino } from 'pino'
import { connectDatabase } from '../../writer/load/database/connection.ts'
import { RollupJob, type RollupOptions } from '../../writer/load/rollups/rollup-job.ts'
import { Partitions } from '../../writer/load/stores/partitions.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

const HOUR_MS = 3_600_000

/** Deep enough that some values are listed, and others are not. */
export const SHALLOW: RollupOptions = {
  enabled: true,
  days: { minute: 7, hour: 400, day: 0 },
  depths: { hour: 8, day: 12 },
}

/**
 * $1 rows from $2 up to $3, of which every tenth leaves out all that may be NULL. Values are few, so
 * that they meet, and their sizes differ widely. $4 seeds them.
 */
const FILL = `
  insert into flows (received_at, exporter, observation_domain, export_version, flow_start, flow_end,
    src_addr, dst_addr, src_port, dst_port, protocol, tos, direction, input_if, output_if,
    src_as, dst_as, bytes, packets, sampling_rate, extra)
  select at, ('192.0.2.' || 1 + r % 3)::inet, 0, 9,
    at - make_interval(secs => r % 900), at - make_interval(secs => r % 7),
    case when r % 10 > 0 then case when r % 7 = 0 then ('2001:db8::' || r % 40)::inet
      else ('10.0.' || r % 3 || '.' || (r / 8) % 60)::inet end end,
    case when r % 10 > 0 then ('198.51.100.' || (r / 16) % 50)::inet end,
    case when r % 10 > 0 then 1024 + r % 97 end,
    case when r % 10 > 0 then (array[53, 80, 443, 8080])[1 + r % 4] end,
    case when r % 10 > 0 then (array[6, 17, 1])[1 + r % 3] end,
    case when r % 10 > 0 then r % 4 end,
    case when r % 10 > 0 then r % 2 end,
    case when r % 10 > 0 then r % 5 end,
    case when r % 10 > 0 then r % 6 end,
    case when r % 10 > 0 then 64500 + r % 30 end,
    case when r % 10 > 0 then 65000 + r % 40 end,
    case when r % 10 > 0 then r % 1000 * (r % 89) ^ 2 end,
    case when r % 10 > 0 then r % 50 end,
    (array[null, 1, 100])[1 + r % 3],
    case when r % 5 = 0 then jsonb_build_object('applicationId', '0d00000' || r % 4) end
  from (
    select $2::timestamptz + make_interval(secs => extract(epoch from $3::timestamptz - $2) *
        (n + 0.5) / $1::int) as at,
      abs(hashint4(n + $4::int * 1000003) % 1000000) as r
    from generate_series(0, $1::int - 1) as n
  ) as random`

export class RollupHarness {
  readonly url: string
  readonly client: pg.Client
  readonly job: RollupJob
  /** Texts of the job's log, with their facts. */
  readonly lines: Record<string, unknown>[] = []
  readonly #database: TestDatabase
  #seed = 0

  constructor(database: TestDatabase, client: pg.Client, options: RollupOptions) {
    this.#database = database
    this.url = database.url
    this.client = client
    const sink = {
      write: (text: string) => {
        this.lines.push(JSON.parse(text))
      },
    }
    this.job = new RollupJob({
      ...options,
      databaseUrl: database.url,
      logger: pino({ level: 'debug' }, sink),
      isBusy: () => false,
    })
  }

  static async create(options = SHALLOW): Promise<RollupHarness> {
    const database = await createTestDatabase()
    const client = await connectDatabase({ connectionString: database.url })
    return new RollupHarness(database, client, options)
  }

  async stop(): Promise<void> {
    await this.job.stop()
    await this.client.end()
    await this.#database.drop()
  }

  async ask(sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.client.query(sql, [...values])).rows
  }

  /** Stores random rows in a range of time, and lists their minutes as a batch does. */
  async fill(rows: number, since: string, until: string): Promise<void> {
    const hours: number[] = []
    for (let ms = Date.parse(since); ms < Date.parse(until); ms += HOUR_MS) {
      hours.push(Math.floor(ms / HOUR_MS))
    }
    await new Partitions('day').ensure(this.client, hours)
    this.#seed += 1
    await this.client.query('begin')
    await this.client.query(FILL, [rows, since, until, this.#seed])
    await this.client.query(
      `insert into rollup_dirty (level, bucket)
       select distinct 0, date_trunc('minute', received_at) from flows
       where received_at >= $1 and received_at < $2`,
      [since, until],
    )
    await this.client.query('commit')
  }

  /** Computes everything that may be computed at a time. */
  async settle(now: string): Promise<void> {
    while (!(await this.job.run(this.client, Date.parse(now)))) {
      // Hours follow minutes, and days follow hours.
    }
  }
}

/** Margins of all levels, and of flows, as rows that must be equal. */
export function marginsOf(table: string, interval: string): string {
  const fields = ['protocol', 'direction', 'input_if', 'output_if', 'tos']
  const margins = [`(0, null::bigint)`, ...fields.map((name, n) => `(${n + 1}, ${name}::bigint)`)]
  if (table !== 'flows') {
    return `
      select bucket, exporter, sampling_rate, field, number, bytes, packets, flows from ${table}
      where field <= 5 and prefix is null order by 1, 2, 3, 4, 5`
  }
  return `
    select date_trunc('${interval}', received_at) as bucket, exporter, sampling_rate,
      field::smallint, number, sum(bytes) as bytes, sum(packets) as packets, count(*) as flows
    from flows cross join lateral (values ${margins.join(', ')}) as margin (field, number)
    group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`
}
