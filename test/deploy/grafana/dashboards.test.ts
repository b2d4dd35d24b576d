/** The dashboards are files that Grafana loads, and each of their queries has an answer. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import {
  type Dashboard,
  type Panel,
  readDashboards,
  readProvisioning,
  type Variable,
} from './dashboard-files.ts'
import { expandQuery } from './expand-query.ts'
import { type FilledDatabase, fillDatabase } from './filled-database.ts'

const DASHBOARDS = readDashboards()
const HOUR_MS = 3_600_000
/** An interval, and the time that Grafana asks with it. */
interface Range {
  readonly interval: string
  readonly hours: number
}

const AN_HOUR: Range = { interval: '1m', hours: 1 }
const RANGES: readonly Range[] = [
  AN_HOUR,
  { interval: '5m', hours: 24 },
  { interval: '1h', hours: 24 * 7 },
]

type Values = Record<string, string | readonly string[]>

function queriesOf({ panels, templating }: Dashboard): string[] {
  const variables = templating.list.filter(({ type }) => type === 'query')
  return [
    ...panels.flatMap(({ targets }) => targets.map(({ rawSql }) => rawSql)),
    ...variables.map(({ query }) => query),
  ]
}

function overlap(one: Panel['gridPos'], other: Panel['gridPos']): boolean {
  return (
    one.x < other.x + other.w &&
    other.x < one.x + one.w &&
    one.y < other.y + other.h &&
    other.y < one.y + one.h
  )
}

describe('the dashboards', () => {
  it('are two, which link to each other', () => {
    assert.deepEqual([...DASHBOARDS.keys()].sort(), ['exporters.json', 'traffic.json'])
    const uids = [...DASHBOARDS.values()].map(({ uid }) => uid)
    for (const { uid, links } of DASHBOARDS.values()) {
      const led = links.flatMap(({ url }) => /^\/d\/([\w-]+)$/.exec(url)?.[1] ?? [])
      assert.deepEqual(
        led,
        uids.filter((other) => other !== uid),
      )
    }
  })

  for (const [name, dashboard] of DASHBOARDS) {
    it(`ask the provisioned data source only: ${name}`, () => {
      const [, uid] = /^ {4}uid: (\S+)$/m.exec(readProvisioning('datasources/netflow.yml')) ?? []
      assert.ok(uid)
      const { panels, templating } = dashboard
      const asked = [
        ...panels.map(({ datasource }) => datasource.uid),
        ...panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid)),
        ...templating.list.flatMap(({ datasource }) => datasource?.uid ?? []),
      ]
      assert.ok(asked.length > 20)
      assert.deepEqual([...new Set(asked)], [uid])
    })

    it(`have panels with numbers and places of their own: ${name}`, () => {
      const { panels, schemaVersion } = dashboard
      assert.ok(schemaVersion >= 39)
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
      for (const { title, gridPos, targets } of panels) {
        assert.ok(gridPos.x >= 0 && gridPos.w > 0 && gridPos.x + gridPos.w <= 24, title)
        assert.ok(targets.length > 0 && targets.every(({ rawQuery }) => rawQuery), title)
      }
      for (const [index, one] of panels.entries()) {
        for (const other of panels.slice(index + 1)) {
          assert.ok(!overlap(one.gridPos, other.gridPos), `${one.title} lies over ${other.title}`)
        }
      }
    })

    it(`use each of their variables, and no other: ${name}`, () => {
      const { templating, links } = dashboard
      const texts = [...queriesOf(dashboard), ...links.map(({ url }) => url)].join('\n')
      for (const { name, type, query, options } of templating.list) {
        assert.match(texts, new RegExp(`\\$\\{?${name}\\b`), `${name} is not used`)
        if (type === 'custom')
          assert.deepEqual(
            options.map(({ value }) => value),
            query.split(','),
          )
      }
    })
  }
})

describe('with flows of two hours', () => {
  let filled: FilledDatabase
  let reader: pg.Client
  before(async () => {
    filled = await fillDatabase()
    reader = new pg.Client({
      connectionString: filled.server.urlOf('netflow_reader'),
      // A limit on what a dashboard may cost here, wide enough for a busy machine.
      statement_timeout: 10_000,
    })
    await reader.connect()
  })
  after(async () => {
    await reader?.end()
    await filled?.stop()
  })

  async function optionsOf({ type, query, options }: Variable): Promise<string[]> {
    if (type !== 'query') return options.map(({ value }) => value)
    const { rows, fields } = await reader.query<Record<string, string>>(query)
    assert.deepEqual(
      fields.map(({ name }) => name),
      ['__text', '__value'],
    )
    return rows.map((row) => row['__value'] ?? '')
  }

  /** Returns the values that a dashboard begins with; “all” is each of the options. */
  async function currentValues({ templating }: Dashboard): Promise<Values> {
    const values: Values = {}
    for (const variable of templating.list) {
      const { value } = variable.current
      values[variable.name] = typeof value === 'string' ? value : await optionsOf(variable)
    }
    return values
  }

  async function ask(sql: string, range: Range, variables: Values) {
    const to = new Date()
    const from = new Date(to.getTime() - range.hours * HOUR_MS)
    const expanded = expandQuery(sql, { from, to, interval: range.interval, variables })
    await reader.query('begin read only')
    try {
      return await reader.query(expanded)
    } catch (error) {
      throw new Error(`${String(error)}\n${expanded}`)
    } finally {
      await reader.query('rollback')
    }
  }

  async function checkPanel(panel: Panel, range: Range, variables: Values) {
    for (const { format, rawSql } of panel.targets) {
      const { rows, fields } = await ask(rawSql, range, variables)
      assert.ok(rows.length > 0, `${panel.title} is empty: ${JSON.stringify(variables)}`)
      if (format === 'table') continue
      const types = Object.fromEntries(fields.map(({ name, dataTypeID }) => [name, dataTypeID]))
      const { TIMESTAMPTZ, TEXT, NUMERIC } = pg.types.builtins
      assert.deepEqual(types, { time: TIMESTAMPTZ, metric: TEXT, value: NUMERIC }, panel.title)
      const times = rows.map(({ time }) => (time as Date).getTime())
      assert.deepEqual(
        times,
        times.toSorted((one, other) => one - other),
        panel.title,
      )
    }
  }

  for (const [name, dashboard] of DASHBOARDS) {
    for (const panel of dashboard.panels) {
      it(`${name} shows “${panel.title}” (${panel.id}) over hours and days`, async () => {
        const current = await currentValues(dashboard)
        for (const range of RANGES) await checkPanel(panel, range, current)
      })
    }

    it(`${name} shows all panels with each option of each variable`, async () => {
      const current = await currentValues(dashboard)
      for (const variable of dashboard.templating.list) {
        const options = await optionsOf(variable)
        assert.ok(options.length > 0, variable.name)
        for (const option of options) {
          const value = typeof variable.current.value === 'string' ? option : [option]
          const values = { ...current, [variable.name]: value }
          const users = dashboard.panels.filter(({ targets }) =>
            targets.some(({ rawSql }) => new RegExp(`\\$\\{?${variable.name}\\b`).test(rawSql)),
          )
          for (const panel of users) {
            // One exporter need not have lost anything.
            if (variable.type === 'query') {
              for (const { rawSql } of panel.targets) await ask(rawSql, AN_HOUR, values)
            } else await checkPanel(panel, AN_HOUR, values)
          }
        }
      }
    })

    it(`${name} has no error before the first exporter is heard`, async () => {
      const values = { ...(await currentValues(dashboard)), exporter: [] }
      for (const sql of queriesOf(dashboard)) await ask(sql, AN_HOUR, values)
    })
  }

  it('the rates of whole bins add up to the bytes in flows', async () => {
    const { panels = [] } = DASHBOARDS.get('traffic.json') ?? {}
    const panel = panels.find(({ title }) => title === 'Rate by $by')
    const sql = panel?.targets[0]?.rawSql ?? ''
    const { rows } = await ask(sql, { interval: '1m', hours: 2 }, { by: 'protocol', n: '5' })
    const sum = rows.reduce((total, { value }) => total + Number(value) * (60 / 8), 0)
    const [flows] = await filled.pipeline.ask(
      'select sum(bytes * coalesce(sampling_rate, 1))::float8 as bytes from flows',
    )
    assert.ok(Math.abs(sum - Number(flows?.['bytes'])) < 1, `${sum}, ${flows?.['bytes']}`)
    const zeros = rows.filter(({ value }) => Number(value) === 0)
    assert.ok(zeros.length > 0, 'a bin without flows of a key is 0, not missing')
  })
})
