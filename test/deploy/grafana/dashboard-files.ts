/** Reads the dashboards and the alert rules as Grafana does. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../../helpers/markdown.ts'

const FOLDER = join(REPOSITORY, 'deploy/grafana')

export interface Target {
  readonly refId: string
  readonly format: 'table' | 'time_series'
  readonly rawQuery: boolean
  readonly rawSql: string
  readonly datasource: { readonly uid: string }
}

export interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly interval?: string
  readonly datasource: { readonly uid: string }
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  readonly targets: readonly Target[]
}

export interface Variable {
  readonly name: string
  readonly type: 'query' | 'custom' | 'textbox'
  readonly query: string
  readonly datasource?: { readonly uid: string }
  readonly current: { readonly value: string | readonly string[] }
  readonly options: readonly { readonly value: string }[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly links: readonly { readonly title: string; readonly url: string }[]
  readonly templating: { readonly list: readonly Variable[] }
  readonly panels: readonly Panel[]
}

/** Returns the dashboards by the name of their file. */
export function readDashboards(): Map<string, Dashboard> {
  const folder = join(FOLDER, 'dashboards')
  return new Map(
    readdirSync(folder).map((name) => [
      name,
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard,
    ]),
  )
}

/** Returns the text of a file of `provisioning/`. */
export function readProvisioning(name: string): string {
  return readFileSync(join(FOLDER, 'provisioning', name), 'utf8')
}

export interface AlertRule {
  readonly uid: string
  readonly title: string
  readonly sql: string
  /** The rule fires above this value. */
  readonly above: number
}

/** Returns the alert rules, in the form in which their file has them. */
export function readAlertRules(): AlertRule[] {
  const [, ...rules] = readProvisioning('alerting/netflow.yml').split(/^ {6}- (?=uid: )/m)
  return rules.map((rule) => {
    const word = (pattern: RegExp) => pattern.exec(rule)?.[1] ?? ''
    return {
      uid: word(/^uid: (\S+)$/m),
      title: word(/^ {8}title: (\S+)$/m),
      sql: word(/^ {14}rawSql: \|\n((?: {16}.*\n)+)/m),
      above: Number(word(/evaluator: \{ type: gt, params: \[(\d+)\] \}/)),
    }
  })
}
