/** The controls of the question: they show the state, and report changes. */

import type { CompletionsReply } from '../../api/completions.ts'
import { ask } from '../ask.ts'
import { find, make } from '../elements.ts'
import {
  fromInput,
  isLive,
  moveRange,
  PRESETS,
  type Range,
  toInput,
  widenRange,
} from '../time-range.ts'
import type { Unit, ViewState } from '../view-state.ts'

type OnChange = (changes: Partial<ViewState>) => void

const CUSTOM = 'custom'

/** Networks of any length are keys, too; these are the usual ones. */
const NETWORK_KEYS = ['src/24,48', 'dst/24,48', 'src/16,32', 'dst/16,32']

export class Controls {
  readonly #preset = find<HTMLSelectElement>('preset')
  readonly #since = find<HTMLInputElement>('since')
  readonly #until = find<HTMLInputElement>('until')
  readonly #refresh = find<HTMLSelectElement>('refresh')
  readonly #by = find<HTMLSelectElement>('by')
  readonly #topBy = find<HTMLSelectElement>('top-by')
  readonly #n = find<HTMLInputElement>('n')
  readonly #options = find<HTMLFormElement>('options')
  readonly #onChange: OnChange
  /** The range shown, as the server has understood it. */
  #shown: Range | undefined
  #areKeysKnown = false

  constructor(onChange: OnChange) {
    this.#onChange = onChange
    const custom = make('option', { attributes: { value: CUSTOM, hidden: true } }, 'from – until')
    const presets = PRESETS.map(([since, name]) =>
      make('option', { attributes: { value: since } }, `last ${name}`),
    )
    this.#preset.append(...presets, custom)
    this.#listen()
    for (const form of ['range', 'options']) {
      find(form).addEventListener('submit', (event) => event.preventDefault())
    }
  }

  #listen(): void {
    const changed = (element: HTMLElement, read: () => Partial<ViewState>) =>
      element.addEventListener('change', () => this.#onChange(read()))
    changed(this.#preset, () => ({ since: this.#preset.value, until: '' }))
    const readEnds = () => ({
      since: fromInput(this.#since.value) || (this.#shown?.since ?? ''),
      until: fromInput(this.#until.value) || (this.#shown?.until ?? ''),
    })
    changed(this.#since, readEnds)
    changed(this.#until, readEnds)
    changed(this.#refresh, () => ({ refresh: Number(this.#refresh.value) }))
    changed(this.#by, () => ({ by: this.#by.value, only: '' }))
    changed(this.#topBy, () => ({ top: this.#topBy.value }))
    changed(this.#n, () => ({
      n: Math.min(50, Math.max(1, Math.trunc(Number(this.#n.value)) || 1)),
    }))
    for (const name of ['spread', 'previous'] as const) {
      const box = find<HTMLInputElement>(name)
      changed(box, () => ({ [name]: box.checked }))
    }
    const scaled = find<HTMLInputElement>('scaled')
    changed(scaled, () => ({ raw: !scaled.checked }))
    for (const radio of this.#options.querySelectorAll<HTMLInputElement>('[name=unit]')) {
      changed(radio, () => ({ unit: radio.value as Unit }))
    }
    find('earlier').addEventListener('click', () => this.move(-1))
    find('later').addEventListener('click', () => this.move(1))
    find('wider').addEventListener('click', () => this.widen())
  }

  /** Shows the previous or the next range. */
  move(direction: -1 | 1): void {
    if (this.#shown) this.#onChange(moveRange(this.#shown, direction))
  }

  /** Shows a range that is twice as long. */
  widen(): void {
    if (this.#shown) this.#onChange(widenRange(this.#shown))
  }

  show(state: ViewState): void {
    const isPreset = isLive(state) && PRESETS.some(([since]) => since === state.since)
    this.#preset.value = isPreset ? state.since : CUSTOM
    this.#refresh.value = String(state.refresh)
    this.#refresh.disabled = !isLive(state)
    this.#n.value = String(state.n)
    chooseOption(this.#by, state.by)
    chooseOption(this.#topBy, state.top)
    find<HTMLInputElement>('scaled').checked = !state.raw
    find<HTMLInputElement>('spread').checked = state.spread
    find<HTMLInputElement>('previous').checked = state.previous
    for (const radio of this.#options.querySelectorAll<HTMLInputElement>('[name=unit]')) {
      radio.checked = radio.value === state.unit
    }
  }

  /** Shows the range as the server has understood it. */
  showRange(shown: Range): void {
    this.#shown = shown
    for (const [input, time] of [
      [this.#since, shown.since],
      [this.#until, shown.until],
    ] as const) {
      if (document.activeElement !== input) input.value = toInput(time)
    }
  }

  /** Marks the end of the range that the server has refused. */
  markFault(parameter: string | undefined): void {
    this.#since.setAttribute('aria-invalid', String(parameter === 'since'))
    this.#until.setAttribute('aria-invalid', String(parameter === 'until'))
  }

  /** Asks for the keys, unless they are known already. */
  async loadKeys(): Promise<void> {
    if (this.#areKeysKnown) return
    this.#areKeysKnown = true
    const { rows } = await ask<CompletionsReply>('/api/completions', { field: 'by' }).catch(
      (error: unknown) => {
        this.#areKeysKnown = false
        throw error
      },
    )
    const keys = rows.map(({ text, meaning }) => [text, meaning] as const)
    const networks = NETWORK_KEYS.map((key) => [key, `networks of this length: ${key}`] as const)
    for (const select of [this.#by, this.#topBy]) {
      const chosen = select.value
      const options = [...keys, ...networks]
        .filter(([key]) => select === this.#by || key !== 'all')
        .map(([key, title]) => make('option', { title, attributes: { value: key } }, key))
      select.replaceChildren(...options)
      chooseOption(select, chosen)
    }
  }
}

/** Chooses an option. A key of the URL that is not among them is added. */
function chooseOption(select: HTMLSelectElement, value: string): void {
  if (![...select.options].some((option) => option.value === value)) {
    select.append(make('option', { attributes: { value } }, value))
  }
  select.value = value
}
