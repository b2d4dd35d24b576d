/** The chart of traffic: stacked areas, zoom by dragging, values under the cursor. */

import uPlot from '../../lib/uplot.js'
import { make, replace } from '../elements.ts'
import { formatRate, formatTime, visible } from '../format.ts'
import type { Unit } from '../view-state.ts'
import { type Area, stack, sumRates } from './stack.ts'
import { areaColour, chartColours, darkMode } from './theme.ts'

/** Room for half of the last time under the axis. */
const LAST_LABEL_WIDTH = 32
const HEIGHT = 290
const AXIS_WIDTH = 84
const MAX_TIP_ROWS = 12

interface ChartContent {
  /** Begins of bins, in seconds. */
  readonly times: readonly number[]
  readonly areas: readonly Area[]
  /** All areas, whose order gives the colours. */
  readonly all: readonly Area[]
  /** The sum of the previous period, by bin. */
  readonly previous: readonly number[] | undefined
  readonly unit: Unit
  readonly stepSeconds: number
}

interface ChartOptions {
  readonly onZoom: (fromSeconds: number, toSeconds: number) => void
  /** Where the bins lie, in pixels from the left edge of the chart. */
  readonly onLayout: (left: number, width: number) => void
}

export class Chart {
  readonly #parent: HTMLElement
  readonly #options: ChartOptions
  readonly #tip = make('div', { class: 'tip', attributes: { 'aria-hidden': 'true' } })
  #plot: uPlot | undefined
  #content: ChartContent | undefined

  constructor(parent: HTMLElement, options: ChartOptions) {
    this.#parent = parent
    this.#options = options
    new ResizeObserver(() => this.#resize()).observe(parent)
    darkMode().addEventListener('change', () => this.#draw())
  }

  show(content: ChartContent): void {
    this.#content = content
    this.#draw()
  }

  #resize(): void {
    const width = this.#parent.clientWidth
    if (this.#plot && width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT })
    }
  }

  #draw(): void {
    const content = this.#content
    if (!content) return
    const { times, areas, all, previous, stepSeconds } = content
    // A last point, so that the last bin is as wide as the others.
    const end = (times.at(-1) ?? 0) + stepSeconds
    const extend = (values: readonly number[]) => [...values, values.at(-1) ?? 0]
    const data = [[...times, end], ...stack(areas).map(extend)]
    if (previous) data.push(extend(previous))
    const series = [{}, ...this.#areaSeries(areas, all), ...(previous ? [previousSeries()] : [])]
    this.#plot?.destroy()
    this.#tip.hidden = true
    this.#plot = new uPlot(
      this.#plotOptions(series as uPlot.Series[]),
      data as unknown as uPlot.AlignedData,
      this.#parent,
    )
    this.#plot.over.append(this.#tip)
  }

  #areaSeries(areas: readonly Area[], all: readonly Area[]): object[] {
    const paths = uPlot.paths.stepped?.({ align: 1 })
    return areas.map((area) => {
      const colour = areaColour(all, area)
      const label = area.name
      return { label, stroke: colour, fill: colour, width: 1, points: { show: false }, paths }
    })
  }

  #plotOptions(series: uPlot.Series[]): uPlot.Options {
    const { text, grid } = chartColours()
    const line = { stroke: grid, width: 1 }
    const font = `12px ${getComputedStyle(document.documentElement).fontFamily}`
    const unit = this.#content?.unit ?? 'bytes'
    return {
      width: this.#parent.clientWidth,
      height: HEIGHT,
      padding: [null, LAST_LABEL_WIDTH, null, null],
      series,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      legend: { show: false },
      scales: { y: { range: (_, _min, max) => [0, max > 0 ? max * 1.05 : 1] } },
      axes: [
        { stroke: text, font, grid: line, ticks: line, values: TIME_FORMATS },
        {
          stroke: text,
          font,
          grid: line,
          ticks: line,
          size: AXIS_WIDTH,
          values: (_, rates) => rates.map((rate) => (rate === 0 ? '0' : formatRate(rate, unit))),
        },
      ],
      cursor: {
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        y: false,
      },
      hooks: {
        setCursor: [(plot) => this.#showTip(plot)],
        setSelect: [(plot) => this.#zoom(plot)],
        ready: [(plot) => this.#layOut(plot)],
        setSize: [(plot) => this.#layOut(plot)],
      },
    }
  }

  #zoom(plot: uPlot): void {
    const { left, width } = plot.select
    if (width < 6) return
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    this.#options.onZoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
  }

  #layOut({ bbox }: uPlot): void {
    this.#options.onLayout(bbox.left / devicePixelRatio, bbox.width / devicePixelRatio)
  }

  #showTip(plot: uPlot): void {
    const content = this.#content
    const { left = -1 } = plot.cursor
    const at = left < 0 || !content ? -1 : binAt(content.times, plot.posToVal(left, 'x'))
    this.#tip.hidden = at < 0
    if (!content || at < 0) return
    const isRight = left > plot.over.clientWidth / 2
    this.#tip.style.left = isRight ? '' : `${left + 14}px`
    this.#tip.style.right = isRight ? `${plot.over.clientWidth - left + 14}px` : ''
    replace(this.#tip, ...describeBin(content, at))
  }
}

/** How uPlot writes times on the axis, by the seconds between two of them. */
const TIME_FORMATS: uPlot.Axis.Values = [
  [86_400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
]

function previousSeries(): object {
  const paths = uPlot.paths.stepped?.({ align: 1 })
  return {
    label: 'previous',
    stroke: chartColours().previous,
    width: 1.5,
    dash: [6, 4],
    points: { show: false },
    paths,
  }
}

/** Returns the index of the bin that holds a time. */
function binAt(times: readonly number[], seconds: number): number {
  let at = -1
  for (const [index, begin] of times.entries()) if (begin <= seconds) at = index
  return at
}

function describeBin(
  { times, areas, all, previous, unit }: ChartContent,
  at: number,
): HTMLElement[] {
  const row = (name: string, rate: number, colour?: string) => {
    const swatch = make('span', { class: 'swatch' })
    if (colour) swatch.style.background = colour
    return make(
      'tr',
      {},
      make('td', {}, colour ? swatch : null, visible(name)),
      make('td', { class: 'number' }, formatRate(rate, unit)),
    )
  }
  const rows = areas
    .slice(0, MAX_TIP_ROWS)
    .map((area) => row(area.name, area.rates[at] ?? 0, areaColour(all, area)))
  rows.push(row('all', sumRates(areas)[at] ?? 0))
  if (previous) rows.push(row('previous period', previous[at] ?? 0))
  const begin = new Date((times[at] ?? 0) * 1000).toISOString()
  return [make('strong', {}, formatTime(begin)), make('table', {}, make('tbody', {}, ...rows))]
}
