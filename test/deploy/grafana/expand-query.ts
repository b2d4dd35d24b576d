/** Expands a query of a Grafana panel as Grafana does: variables first, then the macros of its SQL. */

export interface PanelContext {
  readonly from: Date
  readonly to: Date
  /** For example `5m`. */
  readonly interval: string
  /** By name; a list for a variable with several values. */
  readonly variables: Readonly<Record<string, string | readonly string[]>>
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
}

/** Returns the seconds of a duration such as `'5m'`, with or without quotes. */
function secondsOf(duration: string): number {
  const [, number, unit = ''] = /^'?(\d+)([smhdw])'?$/.exec(duration.trim()) ?? []
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? Number.NaN)
  if (!(seconds > 0)) throw new Error(`no duration: ${duration}`)
  return seconds
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function formatVariable(value: string | readonly string[], format: string | undefined): string {
  const values = typeof value === 'string' ? [value] : value
  if (format === 'sqlstring') return values.map(quote).join(',')
  if (format === 'csv' || format === 'raw') return values.join(',')
  if (format !== undefined) throw new Error(`unknown format: ${format}`)
  if (typeof value !== 'string') throw new Error('a list takes a format')
  return value.replaceAll("'", "''")
}

type Macro = (args: readonly string[], context: { from: string; to: string }) => string

const epochOf = (text: string) => Math.floor(Date.parse(text) / 1000)
const group = ([column, width = '']: readonly string[], value: (column: string) => string) =>
  `floor(${value(column ?? '')}/${secondsOf(width)})*${secondsOf(width)}`
const epoch = (column: string) => `extract(epoch from ${column})`
const plain = (column: string) => column

const MACROS: Readonly<Record<string, Macro>> = {
  time: ([column]) => `${column} AS "time"`,
  timeEpoch: ([column]) => `${epoch(column ?? '')} as "time"`,
  timeFilter: ([column], { from, to }) => `${column} BETWEEN '${from}' AND '${to}'`,
  timeFrom: (_, { from }) => `'${from}'`,
  timeTo: (_, { to }) => `'${to}'`,
  timeGroup: (args) => group(args, epoch),
  timeGroupAlias: (args) => `${group(args, epoch)} AS "time"`,
  unixEpochFilter: ([column], { from, to }) =>
    `${column} >= ${epochOf(from)} AND ${column} <= ${epochOf(to)}`,
  unixEpochFrom: (_, { from }) => `${epochOf(from)}`,
  unixEpochTo: (_, { to }) => `${epochOf(to)}`,
  unixEpochGroup: (args) => group(args, plain),
  unixEpochGroupAlias: (args) => `${group(args, plain)} AS "time"`,
}

/** Returns the query that PostgreSQL sees. @throws for a variable, format or macro that is not known */
export function expandQuery(sql: string, context: PanelContext): string {
  const { interval, variables } = context
  const times = { from: rfc3339(context.from), to: rfc3339(context.to) }
  return (
    sql
      .replaceAll(/\$__interval_ms\b/g, String(secondsOf(interval) * 1000))
      .replaceAll(/\$__interval\b/g, interval)
      .replaceAll(/\$\{(\w+)(?::(\w+))?\}|\$([a-z]\w*)/g, (_, braced, format, bare) => {
        const value = variables[braced ?? bare]
        if (value === undefined) throw new Error(`unknown variable: ${braced ?? bare}`)
        return formatVariable(value, format)
      })
      // Grafana's own pattern: an argument ends at the first parenthesis.
      .replaceAll(/\$__(\w+)(?:\(([^)]*)\))?/g, (text, name, args) => {
        const macro = MACROS[name]
        if (macro === undefined || args === undefined) throw new Error(`unknown macro: ${text}`)
        return macro(args.split(',').map(String), times)
      })
  )
}

function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
