/**
 * Checks the profile "grafana": its settings, mounts and network, by a stand-in that logs in to the
 * database as the provisioned data source says. Grafana itself does not run here.
 */

import assert from 'node:assert/strict'
import type { Deployment } from './deployment.ts'

interface Report {
  readonly user: string
  readonly flows: number
  readonly dashboards: readonly string[]
  readonly home: boolean
  readonly canWrite: boolean
}

/** The stand-in is up: checks what it has found. */
export async function assertGrafana(deployment: Deployment): Promise<void> {
  const { grafana } = deployment.ports
  const response = await fetch(`http://127.0.0.1:${grafana}/report`)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const report = JSON.parse(text) as Report
  const [row] = await deployment.query('reader', 'select count(*)::int as flows from flows')
  assert.deepEqual(report, {
    user: 'netflow_reader',
    flows: row?.['flows'],
    dashboards: ['exporters.json', 'traffic.json'],
    home: true,
    canWrite: false,
  })
}
