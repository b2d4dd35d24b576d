/** The metrics and the alert rules, by Prometheus' own checks. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createCollectorRegistry } from '../../collector/metrics.ts'
import { createWriterMetrics } from '../../writer/metrics/metrics.ts'
import { createWriterRegistry, type WriterFigures } from '../../writer/metrics/registry.ts'
import { REPOSITORY } from '../helpers/markdown.ts'

const RULES = join(REPOSITORY, 'deploy/prometheus/netflow.rules.yml')

const isInstalled = spawnSync('promtool', ['--version']).status === 0
const skip = isInstalled ? false : 'promtool is not installed'

/** Each of its properties is a function that returns 0. */
const ZEROS = new Proxy({}, { get: () => () => 0 })

function createRegistries() {
  const writer = createWriterRegistry(createWriterMetrics(), ZEROS as WriterFigures)
  const status = { sockets: [], kernelDropped: 0 }
  const collector = createCollectorRegistry(
    () =>
      new Proxy(status, {
        get: (known, name) => (name in known ? Reflect.get(known, name) : 0),
      }) as unknown as ReturnType<Parameters<typeof createCollectorRegistry>[0]>,
  )
  return [writer, collector]
}

/** A rule test: samples every minute, and the alerts at a time. */
function ruleTest(series: Readonly<Record<string, string>>, alert: string, labels?: string) {
  const inputs = Object.entries(series)
    .map(([name, values]) => `      - series: '${name}'\n        values: '${values}'\n`)
    .join('')
  const expected = labels === undefined ? '[]' : `[{ exp_labels: ${labels} }]`
  return `  - interval: 1m
    input_series:
${inputs}    alert_rule_test:
      - { eval_time: 20m, alertname: ${alert}, exp_alerts: ${expected} }
`
}

describe('for Prometheus', { skip }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'netflow-rules-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('the metrics of both processes are as it advises', async () => {
    for (const registry of createRegistries()) {
      const input = await registry.metrics()
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input,
        encoding: 'utf8',
      })
      assert.equal(stderr, '')
      assert.equal(status, 0)
    }
  })

  it('the alert rules are correct, and use metrics that exist', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stdout + stderr)
    const known = createRegistries()
      .flatMap((registry) => registry.getMetricsAsArray())
      .map(({ name }) => name)
    const used = new Set(readFileSync(RULES, 'utf8').match(/\bnetflow_\w+/g))
    assert.ok(used.size > 8, `${used.size} metrics`)
    for (const name of used) assert.ok(known.includes(name), `no process has ${name}`)
  })

  it('the alert rules fire for incidents, and only then', () => {
    // Annotations are not compared: only labels are given.
    const quiet = '0+0x30'
    const tests = [
      ruleTest({ 'netflow_writer_database_up{job="netflow"}': '1x30' }, 'NetflowDatabaseDown'),
      ruleTest(
        { 'netflow_collector_datagrams_queue_dropped_total{job="netflow"}': quiet },
        'NetflowDroppedHere',
      ),
      ruleTest(
        { 'netflow_writer_exporter_lost_total{exporter="192.0.2.1",unit="flows"}': quiet },
        'NetflowLostInNetwork',
      ),
      ruleTest(
        { 'netflow_writer_exporter_datagrams_total{exporter="192.0.2.1"}': '0+5x30' },
        'NetflowExporterSilent',
      ),
    ].join('')
    const path = join(folder, 'quiet.yml')
    writeFileSync(path, `rule_files: [${RULES}]\nevaluation_interval: 1m\ntests:\n${tests}`)
    const quietRun = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' })
    assert.equal(quietRun.status, 0, quietRun.stdout + quietRun.stderr)
    for (const [alert, series] of Object.entries({
      NetflowDatabaseDown: { netflow_writer_database_up: '0x30' },
      NetflowJournalFilling: {
        netflow_writer_journal_bytes: '60x30',
        netflow_writer_journal_limit_bytes: '100x30',
      },
      NetflowDiskFilling: {
        netflow_writer_journal_disk_free_bytes: '9x30',
        netflow_writer_journal_disk_bytes: '100x30',
      },
      NetflowLoadingLate: { netflow_writer_oldest_unloaded_seconds: '90x30' },
      NetflowDroppedHere: { netflow_collector_datagrams_kernel_dropped_total: '0x15 7x15' },
      NetflowLostInNetwork: {
        'netflow_writer_exporter_lost_total{exporter="192.0.2.1",unit="flows"}': '0x15 30x15',
      },
      NetflowRowsParked: { netflow_writer_rows_parked_total: '0x15 2x15' },
      NetflowJournalDamaged: {
        'netflow_writer_journal_lost_bytes_total{kind="corrupt"}': '0x15 4096x15',
      },
    })) {
      const file = join(folder, `${alert}.yml`)
      const test = ruleTest(series, alert)
      writeFileSync(file, `rule_files: [${RULES}]\nevaluation_interval: 1m\ntests:\n${test}`)
      const run = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
      // It expects no alert, so that it must complain, and name the alert.
      assert.notEqual(run.status, 0, `${alert} does not fire`)
      assert.match(run.stdout + run.stderr, new RegExp(`alertname:\\s*${alert}`))
    }
  })
})
