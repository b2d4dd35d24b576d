/** Random flows of two past days in a database, with names, and their archive. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { EXPORTER_NAMES, type ModelFlow, modelFlow } from '../query/flow-model.ts'
import { type Outcome, runLine } from '../terminal/terminal-harness.ts'

export const DAYS = ['2024-03-01', '2024-03-02', '2024-03-03'] as const
export const RANGE = `--since ${DAYS[0]}T00:00:00Z --until ${DAYS[2]}T00:00:00Z`

const SETUP = `
  create table flows_20240301 partition of flows for values from ('${DAYS[0]}') to ('${DAYS[1]}');
  create table flows_20240302 partition of flows for values from ('${DAYS[1]}') to ('${DAYS[2]}');
  insert into exporter_streams (exporter, export_version, observation_domain, first_seen, last_seen, sequence_unit)
    select address, 9, domain, now(), now(), 'datagrams'
    from exporters cross join generate_series(0, 3) as domain;
  insert into names values ('198.51.100.1', 9, 0, 'interface', '1', 'Gi0/1'),
    ('198.51.100.1', 9, 0, 'interface', '2', 'Gi0/2'), ('198.51.100.2', 9, 1, 'interface', '2', 'Gi0/3'),
    ('198.51.100.1', 9, 0, 'application', '5', 'web'), ('198.51.100.1', 9, 0, 'interface', '3', '=x')`

/** The flow with this number: its domain is one of four, and its time in one of the two days. */
function rowOf({ duration, ...flow }: ModelFlow, number: number): object {
  const receivedMs = Date.parse(`${DAYS[0]}T00:00:00Z`) + number * 337_000 + (number % 7)
  const extra = [
    null,
    { applicationId: String(number % 9) },
    { applicationName: number % 2 ? 'dns "x"' : '' },
    { postNATSourceIPv4Address: '203.0.113.5', postNAPTSourceTransportPort: 4000 + number },
    { postNATDestinationIPv6Address: '2001:db8::9', natEvent: 4, '6871.5': 'a/b~c' },
  ][number % 5]
  return {
    ...flow,
    extra: flow.extra === null ? extra : { ...extra, ...flow.extra },
    received_at: new Date(receivedMs).toISOString(),
    export_version: 9,
    observation_domain: number % 4,
    flow_start: duration === null ? null : new Date(receivedMs - 1000).toISOString(),
    flow_end: duration === null ? null : new Date(receivedMs - 1000 + duration).toISOString(),
    sampling_rate: [null, 1, 100, 1000][number % 4],
    forwarding_status: [null, 64, 66, 130, 150][number % 5],
    flow_end_reason: [null, 1, 3][number % 3],
    event: [null, 1, 4][number % 3],
    icmp_code: flow.icmp_type === null ? null : 0,
    next_hop: [null, '::ffff:192.0.2.1', '2001:db8::1:0:0:1', '0.0.0.0'][number % 4],
  }
}

export class ArchivedFlows {
  readonly database: TestDatabase
  readonly folder = mkdtempSync(join(tmpdir(), 'netflow-archive-'))
  readonly flows: readonly ModelFlow[]

  private constructor(database: TestDatabase, flows: readonly ModelFlow[]) {
    this.database = database
    this.flows = flows
  }

  /** Stores `count` flows; `stop` removes everything. */
  static async store(count: number, seed = 18): Promise<ArchivedFlows> {
    const database = await createTestDatabase()
    const stored = new ArchivedFlows(database, fc.sample(modelFlow, { numRuns: count, seed }))
    for (const [address, name] of [...EXPORTER_NAMES, ['198.51.100.3', null]]) {
      await stored.ask('insert into exporters values ($1, $2, true, now(), now())', [address, name])
    }
    await stored.ask(SETUP)
    // No writer stores these rows, so they are in no rollup.
    const name = new URL(database.url).pathname.slice(1)
    await stored.ask(`alter database ${name} set netflow.rollups = off`)
    await stored.insert(stored.flows.map(rowOf))
    return stored
  }

  async insert(rows: readonly object[]): Promise<void> {
    await this.ask(
      'insert into flows select * from jsonb_populate_recordset(null::flows, $1::jsonb)',
      [JSON.stringify(rows)],
    )
  }

  ask(sql: string, values: readonly unknown[] = []) {
    return queryRows(this.database.url, sql, values)
  }

  run(line: string): Promise<Outcome> {
    return runLine(line, this.database.url)
  }

  archive(): Promise<Outcome> {
    return this.run(`netflow archive --to ${this.folder}`)
  }

  async stop(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true })
    await this.database.drop()
  }
}
