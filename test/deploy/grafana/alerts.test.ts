/** The alert rules ask what the database answers, and fire for incidents only. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { readAlertRules, readProvisioning } from './dashboard-files.ts'
import { type FilledDatabase, fillDatabase } from './filled-database.ts'

const RULES = readAlertRules()

/** Changes of the database, each with the labels with which its rule must fire then. */
const INCIDENTS: Readonly<Record<string, readonly [sql: string, labels: object]>> = {
  NetflowExporterSilent: [
    `update exporters set last_seen = now() - interval '16 minutes' where address = '192.0.2.2'`,
    { exporter: '192.0.2.2', name: 'core' },
  ],
  NetflowLoss: [
    `update sequence_gaps set detected_at = now() - interval '5 minutes'`,
    { exporter: '192.0.2.1', unit: 'flows' },
  ],
  NetflowBalance: [
    `update exporter_counts set stored = stored + 1 where exporter = '192.0.2.1'`,
    {},
  ],
  NetflowNothingLoaded: [
    `update journal_positions set updated_at = now() - interval '6 minutes'`,
    { journal: 'any' },
  ],
}

/** Makes the flows of the last hour unremarkable. */
const QUIET = `
  update exporters set last_seen = now();
  update sequence_gaps set detected_at = now() - interval '1 hour';
  update journal_positions set updated_at = now()`

type Fired = Readonly<Record<string, string>>

describe('the alert rules of Grafana', () => {
  let filled: FilledDatabase
  let admin: pg.Client
  before(async () => {
    filled = await fillDatabase()
    admin = new pg.Client({ connectionString: filled.server.url })
    await admin.connect()
  })
  after(async () => {
    await admin?.end()
    await filled?.stop()
  })

  it('have names of their own, and ask the provisioned data source', () => {
    assert.deepEqual(RULES.map(({ title }) => title).sort(), Object.keys(INCIDENTS).sort())
    assert.equal(new Set(RULES.map(({ uid }) => uid)).size, RULES.length)
    const file = readProvisioning('alerting/netflow.yml')
    const asked = [...file.matchAll(/datasourceUid: (\S+)/g)].map(([, uid]) => uid)
    assert.deepEqual([...new Set(asked)], ['netflow', '__expr__'])
  })

  it('have nothing that Grafana would take for a variable of its environment', () => {
    assert.doesNotMatch(readProvisioning('alerting/netflow.yml'), /\$/)
  })

  /** Returns the labels of the rows above the limit; a reader asks, as Grafana does. */
  async function fire({ sql, above }: (typeof RULES)[number]): Promise<Fired[]> {
    const reader = new pg.Client({ connectionString: filled.server.urlOf('netflow_reader') })
    await reader.connect()
    try {
      const { rows, fields } = await reader.query<Record<string, string | number>>(sql)
      const numbers = fields.filter(({ dataTypeID }) => dataTypeID === pg.types.builtins.FLOAT8)
      const texts = fields.filter(({ dataTypeID }) => dataTypeID === pg.types.builtins.TEXT)
      assert.equal(numbers.length, 1, 'one number is compared')
      assert.equal(texts.length, fields.length - 1, 'everything else is a label')
      const [{ name: number } = { name: '' }] = numbers
      assert.ok(rows.length > 0, 'a rule without rows would hide a fault of its query')
      const labelled = rows.map(({ [number]: value, ...labels }) => ({ value, labels }))
      assert.equal(new Set(labelled.map(({ labels }) => JSON.stringify(labels))).size, rows.length)
      return labelled
        .filter(({ value }) => Number(value) > above)
        .map(({ labels }) => labels as Fired)
    } finally {
      await reader.end()
    }
  }

  for (const rule of RULES) {
    it(`${rule.title} is quiet until it happens`, async () => {
      await admin.query(QUIET)
      assert.deepEqual(await fire(rule), [])
      const [incident = '', expected = {}] = INCIDENTS[rule.title] ?? []
      const before = await admin.query('select exporter, stored from exporter_counts')
      await admin.query(incident)
      const fired = await fire(rule)
      assert.equal(fired.length, 1)
      if ('journal' in expected) assert.match(fired[0]?.['journal'] ?? '', /^[0-9a-f-]{36}$/)
      else assert.deepEqual(fired, [expected])
      for (const { exporter, stored } of before.rows) {
        await admin.query(
          'update exporter_counts set stored = $2 where exporter is not distinct from $1',
          [exporter, stored],
        )
      }
    })
  }
})
