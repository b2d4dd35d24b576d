/** The panel of traffic: the chart with its strip, its legend and its facts. */

import type { TrafficReply } from '../../api/traffic.ts'
import { ask, isAbort, type Parameters } from '../ask.ts'
import { find, replace } from '../elements.ts'
import { formatRange, formatRate } from '../format.ts'
import { makeNote } from '../table.ts'
import { moveRange, type Range, zoomRange } from '../time-range.ts'
import type { ViewState } from '../view-state.ts'
import { Chart } from './chart.ts'
import { makeLegend } from './legend.ts'
import { type Area, areasOf, binSeconds, binTimes, sumRates } from './stack.ts'
import { CoverageStrip } from './strip.ts'
import { darkMode } from './theme.ts'

const PIXELS_PER_BIN = 5
const MIN_BINS = 60
const MAX_BINS = 300

export class TrafficPanel {
  readonly #chart: Chart
  readonly #strip = new CoverageStrip(find('strip'), find('strip-text'))
  readonly #empty = makeNote('No flows in this range.')
  readonly #onOnly: (id: string) => void
  #reply: TrafficReply | undefined
  #previous: readonly number[] | undefined
  #only = ''
  #abort = new AbortController()

  constructor(onZoom: (range: Range) => void, onOnly: (id: string) => void) {
    this.#onOnly = onOnly
    this.#chart = new Chart(find('chart'), {
      onZoom: (from, to) => onZoom(zoomRange(from, to, this.#stepSeconds())),
      onLayout: (left, width) => this.#strip.align(left, width),
    })
    darkMode().addEventListener('change', () => this.#draw())
  }

  /** Returns the parameters of `/api/traffic`, with as many bins as the screen can show. */
  parametersOf(state: ViewState): Parameters {
    const { since, until, filter, unit, by, n, raw, spread } = state
    const width = find('chart').clientWidth
    const fitting = Math.round(width / PIXELS_PER_BIN / 20) * 20
    const points = Math.max(MIN_BINS, Math.min(MAX_BINS, fitting))
    return { since, until, filter, unit, by, n, points, scaled: !raw, spread }
  }

  /** Shows only the area with this id; '' shows all. */
  showOnly(id: string): void {
    if (id === this.#only) return
    this.#only = id
    this.#draw()
  }

  show(reply: TrafficReply): void {
    this.#reply = reply
    this.#previous = undefined
    this.#draw()
  }

  /** Shows the sum of the previous period, or hides it. */
  async showPrevious(state: ViewState): Promise<void> {
    this.#abort.abort()
    const reply = this.#reply
    if (!reply || !state.previous) {
      this.#previous = undefined
      this.#draw()
      return
    }
    this.#abort = new AbortController()
    const before = moveRange(reply, -1)
    const parameters = { ...this.parametersOf(state), ...before, by: 'all', step: reply.step, n: 1 }
    try {
      const past = await ask<TrafficReply>('/api/traffic', parameters, this.#abort.signal)
      this.#previous = sumRates(areasOf(past)).slice(0, reply.t.length)
      this.#draw()
    } catch (error) {
      if (!isAbort(error)) throw error
    }
  }

  #stepSeconds(): number {
    const [first = 0, second] = this.#reply ? binTimes(this.#reply) : []
    return second === undefined ? 1 : second - first
  }

  #draw(): void {
    const reply = this.#reply
    if (!reply) return
    const all = areasOf(reply)
    const areas = this.#only === '' ? all : all.filter(({ id }) => id === this.#only)
    const unit = reply.unit
    this.#chart.show({
      times: binTimes(reply),
      areas,
      all,
      previous: this.#previous,
      unit,
      stepSeconds: this.#stepSeconds(),
    })
    if (all.length === 0) find('chart').append(this.#empty)
    else this.#empty.remove()
    this.#strip.show(reply.coverage)
    const legend = makeLegend({ areas: all, unit, only: this.#only, onOnly: this.#onOnly })
    replace(find('legend'), all.length === 0 ? null : legend)
    find('traffic-facts').textContent = describe(reply, areas)
  }
}

function describe(reply: TrafficReply, areas: readonly Area[]): string {
  const { since, until, step, source, scaled, unit } = reply
  const seconds = binSeconds(reply)
  const rates = sumRates(areas)
  const length = seconds.reduce((sum, bin) => sum + bin, 0)
  const amount = rates.reduce((sum, rate, bin) => sum + rate * (seconds[bin] ?? 0), 0)
  const parts = [
    formatRange(since, until),
    `bins of ${step}`,
    `${formatRate(length === 0 ? 0 : amount / length, unit)} on average`,
    scaled ? 'scaled' : 'as sent',
    ...(source.length === 0 ? [] : [`from ${source.join(', ')}`]),
  ]
  return parts.join(' · ')
}
