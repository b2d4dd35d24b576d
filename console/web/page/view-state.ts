/** The state of the page, as the query string of its URL: a link leads to the same view. Pure. */

export const UNITS = ['bytes', 'packets', 'flows'] as const
export type Unit = (typeof UNITS)[number]

export const LISTS = ['flows', 'conversations', 'loss', 'nat'] as const
export type ListName = (typeof LISTS)[number]

export interface ViewState {
  /** A duration before now, such as `1h`, or RFC 3339. */
  readonly since: string
  /** RFC 3339; empty: now. */
  readonly until: string
  readonly filter: string
  readonly unit: Unit
  /** The key of the chart's areas. */
  readonly by: string
  readonly n: number
  /** Whether counters are as sent, not multiplied by the sampling rate. */
  readonly raw: boolean
  /** Whether long flows count in each bin that they cover. */
  readonly spread: boolean
  /** Whether the sum of the previous period is shown, too. */
  readonly previous: boolean
  /** Seconds between updates; 0: none. */
  readonly refresh: number
  /** The key of the top list. */
  readonly top: string
  readonly list: ListName
  /** The only area to show, by its key; empty: all. */
  readonly only: string
  /** The exporter whose own page is shown; empty: none. */
  readonly exporter: string
  /** The look-up of a translation: a public address, its port, and a time. */
  readonly address: string
  readonly port: string
  readonly at: string
}

export const DEFAULT_STATE: ViewState = {
  since: '1h',
  until: '',
  filter: '',
  unit: 'bytes',
  by: 'protocol',
  n: 8,
  raw: false,
  spread: false,
  previous: false,
  refresh: 0,
  top: 'src',
  list: 'flows',
  only: '',
  exporter: '',
  address: '',
  port: '',
  at: '',
}

const MAX_N = 50
const REFRESHES = [0, 10, 30, 60, 300]

/** Reads a query string. A value that cannot be understood is replaced by its default. */
export function readState(search: string): ViewState {
  const parameters = new URLSearchParams(search)
  const text = (name: keyof ViewState) => parameters.get(name) ?? String(DEFAULT_STATE[name])
  const flag = (name: keyof ViewState) => parameters.get(name) === '1'
  const choose = <Word extends string>(name: keyof ViewState, words: readonly Word[]): Word =>
    words.find((word) => word === parameters.get(name)) ?? (DEFAULT_STATE[name] as Word)
  const n = Number(text('n'))
  const refresh = Number(text('refresh'))
  return {
    since: text('since') || DEFAULT_STATE.since,
    until: text('until'),
    filter: text('filter'),
    unit: choose('unit', UNITS),
    by: text('by') || DEFAULT_STATE.by,
    n: Number.isInteger(n) && n >= 1 && n <= MAX_N ? n : DEFAULT_STATE.n,
    raw: flag('raw'),
    spread: flag('spread'),
    previous: flag('previous'),
    refresh: REFRESHES.includes(refresh) ? refresh : DEFAULT_STATE.refresh,
    top: text('top') || DEFAULT_STATE.top,
    list: choose('list', LISTS),
    only: text('only'),
    exporter: text('exporter'),
    address: text('address'),
    port: text('port'),
    at: text('at'),
  }
}

/** Writes the query string without defaults; empty for the default view. */
export function writeState(state: ViewState): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(state)) {
    if (value === DEFAULT_STATE[name as keyof ViewState]) continue
    parameters.set(name, value === true ? '1' : String(value))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}
