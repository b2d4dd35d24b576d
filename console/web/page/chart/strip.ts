/** The strip under the chart: how much was received of what was sent, bin by bin. */

import type { CoverageBin } from '../../api/coverage.ts'
import { make, makeSvg, replace } from '../elements.ts'
import { formatTime } from '../format.ts'
import { describeCoverage, levelOf, lossHeight, sumCoverage } from './coverage.ts'

export class CoverageStrip {
  readonly #parent: HTMLElement
  readonly #text: HTMLElement
  #bins: readonly CoverageBin[] = []
  /** The bin that the keyboard or the pointer is on; undefined: the whole range is described. */
  #chosen: number | undefined

  constructor(parent: HTMLElement, text: HTMLElement) {
    this.#parent = parent
    this.#text = text
    parent.tabIndex = 0
    parent.setAttribute('role', 'slider')
    parent.setAttribute('aria-label', 'Coverage: what has arrived of what was sent')
    parent.setAttribute('aria-valuemin', '0')
    parent.addEventListener('keydown', (event) => this.#onKey(event))
    parent.addEventListener('pointermove', (event) => this.#onPointer(event))
    parent.addEventListener('pointerleave', () => this.#choose(undefined))
    parent.addEventListener('blur', () => this.#choose(undefined))
  }

  show(bins: readonly CoverageBin[]): void {
    this.#bins = bins
    this.#chosen = undefined
    this.#parent.setAttribute('aria-valuemax', String(Math.max(0, bins.length - 1)))
    this.#draw()
  }

  /** Puts the strip under the bins of the chart. */
  align(left: number, width: number): void {
    this.#parent.style.marginLeft = `${left}px`
    this.#parent.style.width = `${width}px`
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#bins.length - 1
    const at = this.#chosen ?? -1
    const lossAfter = this.#bins.findIndex((bin, index) => index > at && levelOf(bin) === 'lost')
    const places: Readonly<Record<string, number | undefined>> = {
      ArrowRight: Math.min(last, at + 1),
      ArrowLeft: Math.max(0, at - 1),
      Home: 0,
      End: last,
      // The next bin with a loss; after the last one, the first.
      Enter: lossAfter >= 0 ? lossAfter : this.#bins.findIndex((bin) => levelOf(bin) === 'lost'),
    }
    const place = places[event.key]
    if (event.shiftKey || place === undefined || last < 0) return
    event.preventDefault()
    this.#choose(place < 0 ? undefined : place)
  }

  #onPointer({ clientX }: PointerEvent): void {
    const { left, width } = this.#parent.getBoundingClientRect()
    const at = Math.floor(((clientX - left) / width) * this.#bins.length)
    this.#choose(at >= 0 && at < this.#bins.length ? at : undefined)
  }

  #choose(place: number | undefined): void {
    if (place === this.#chosen) return
    this.#chosen = place
    this.#draw()
  }

  #draw(): void {
    const bins = this.#bins
    const whole = { y: 0, height: 1 }
    const shapes = bins.flatMap((bin, x) => {
      const level = levelOf(bin) === 'unknown' ? 'unknown' : 'whole'
      const height = lossHeight(bin)
      const rect = makeSvg('rect', { class: level, x, width: 1.02, ...whole })
      if (height === 0) return [rect]
      return [rect, makeSvg('rect', { class: 'loss', x, width: 1.02, y: 1 - height, height })]
    })
    if (this.#chosen !== undefined) {
      shapes.push(makeSvg('rect', { class: 'chosen', x: this.#chosen, width: 1, ...whole }))
    }
    const viewBox = `0 0 ${Math.max(1, bins.length)} 1`
    const attributes = { viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' }
    const svg = makeSvg('svg', attributes, ...shapes)
    this.#parent.replaceChildren(svg)
    this.#describe()
  }

  #describe(): void {
    const chosen = this.#chosen === undefined ? undefined : this.#bins[this.#chosen]
    const text = describeCoverage(chosen ?? sumCoverage(this.#bins))
    const where = chosen ? formatTime(chosen.t) : 'Coverage'
    this.#parent.setAttribute('aria-valuenow', String(this.#chosen ?? 0))
    this.#parent.setAttribute('aria-valuetext', `${where}: ${text}`)
    replace(this.#text, make('strong', {}, `${where}: `), text)
  }
}
