/** The box of the filter: completions while typing, and faults under the wrong character. */

import type { CompletionsReply } from '../../api/completions.ts'
import type { FilterReply } from '../../api/filter.ts'
import { ask, isAbort } from '../ask.ts'
import { find, make } from '../elements.ts'
import { visible } from '../format.ts'
import { complete, type Place, placeAt } from './filter-words.ts'

type Completion = CompletionsReply['rows'][number]

const TYPING_MS = 120
const MAX_SHOWN = 12

export class FilterBox {
  readonly #input = find<HTMLInputElement>('filter')
  readonly #list = find('completions')
  readonly #error = find('filter-error')
  readonly #clear = find<HTMLButtonElement>('clear-filter')
  readonly #onFilter: (filter: string) => void
  #completions: readonly Completion[] = []
  #place: Place | undefined
  #chosen = -1
  #timer: number | undefined
  #asked = new AbortController()

  constructor(onFilter: (filter: string) => void) {
    this.#onFilter = onFilter
    this.#input.addEventListener('input', () => {
      this.#narrow()
      this.#suggestSoon()
    })
    this.#input.addEventListener('keydown', (event) => this.#onKey(event))
    this.#input.addEventListener('blur', () => this.#close())
    this.#clear.addEventListener('click', () => this.#submit(''))
    find('filter-form').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit(this.#input.value.trim())
    })
  }

  get element(): HTMLInputElement {
    return this.#input
  }

  show(filter: string): void {
    if (this.#input.value.trim() !== filter) this.#input.value = filter
    this.#clear.hidden = filter === ''
  }

  /** Shows a fault, with a mark under its place; undefined removes it. */
  showFault(
    fault: { readonly message: string; readonly position: number | undefined } | undefined,
  ): void {
    this.#input.setAttribute('aria-invalid', String(fault !== undefined))
    this.#error.replaceChildren()
    if (!fault) return
    const { message, position } = fault
    const mark = position === undefined ? '' : `${' '.repeat(position)}^`
    const pointer = make('pre', { attributes: { 'aria-hidden': 'true' } }, mark)
    this.#error.replaceChildren(...(mark ? [pointer] : []), visible(message))
    if (position !== undefined) this.#error.dataset['position'] = String(position)
  }

  #submit(filter: string): void {
    this.#close()
    this.#check(filter).catch(() => this.#onFilter(filter))
  }

  async #check(text: string): Promise<void> {
    const { error } = await ask<FilterReply>('/api/filter', { text })
    this.showFault(error ?? undefined)
    if (!error) this.#onFilter(text)
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#completions.length - 1
    if (this.#list.hidden || last < 0) {
      if (event.key === 'ArrowDown') this.#suggestSoon()
      return
    }
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#chosen >= last ? 0 : this.#chosen + 1,
      ArrowUp: this.#chosen <= 0 ? last : this.#chosen - 1,
    }
    const move = moves[event.key]
    if (move !== undefined) this.#choose(move)
    else if (event.key === 'Escape') this.#close()
    else if (event.key === 'Tab' || event.key === 'Enter') {
      // Enter asks, unless a completion is chosen.
      const completion =
        this.#completions[event.key === 'Tab' ? Math.max(0, this.#chosen) : this.#chosen]
      if (completion) this.#take(completion)
      else this.#close()
      if (!completion) return
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** Keeps the completions that still fit: Tab must not insert one for an older text. */
  #narrow(): void {
    const shown = this.#place
    if (this.#list.hidden || !shown) return
    const place = placeAt(this.#input.value, this.#input.selectionStart ?? 0)
    if (place?.field !== shown.field || place.begin !== shown.begin) {
      this.#close()
      return
    }
    const begin = place.prefix.replace(/^"/, '').toLowerCase()
    const fits = ({ text }: Completion) => text.replace(/^"/, '').toLowerCase().startsWith(begin)
    this.#open(place, this.#completions.filter(fits))
  }

  #suggestSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => this.#suggest().catch(() => this.#close()), TYPING_MS)
  }

  async #suggest(): Promise<void> {
    const place = placeAt(this.#input.value, this.#input.selectionStart ?? 0)
    this.#asked.abort()
    if (!place || document.activeElement !== this.#input) {
      this.#close()
      return
    }
    this.#asked = new AbortController()
    try {
      const { field, prefix } = place
      const parameters = { field, prefix }
      const { rows } = await ask<CompletionsReply>(
        '/api/completions',
        parameters,
        this.#asked.signal,
      )
      this.#open(place, rows)
    } catch (error) {
      if (!isAbort(error)) throw error
    }
  }

  #open(place: Place, rows: readonly Completion[]): void {
    const isWhole = rows.length === 1 && rows[0]?.text === place.prefix
    if (rows.length === 0 || isWhole) {
      this.#close()
      return
    }
    this.#place = place
    this.#completions = rows.slice(0, MAX_SHOWN)
    const items = this.#completions.map((completion, index) => {
      const on = {
        // A click would come after the box has lost the focus.
        pointerdown: (event: Event) => {
          event.preventDefault()
          this.#take(completion)
        },
      }
      const attributes = { role: 'option', id: `completion-${index}`, 'aria-selected': 'false' }
      const { text, meaning } = completion
      return make(
        'div',
        { on, attributes },
        make('span', {}, visible(text)),
        make('span', {}, visible(meaning)),
      )
    })
    this.#list.replaceChildren(...items)
    this.#list.hidden = false
    this.#input.setAttribute('aria-expanded', 'true')
    this.#choose(-1)
  }

  #choose(index: number): void {
    this.#chosen = index
    for (const [at, item] of [...this.#list.children].entries()) {
      item.setAttribute('aria-selected', String(at === index))
      if (at === index) item.scrollIntoView({ block: 'nearest' })
    }
    if (index < 0) this.#input.removeAttribute('aria-activedescendant')
    else this.#input.setAttribute('aria-activedescendant', `completion-${index}`)
  }

  #take({ text: word }: Completion): void {
    if (!this.#place) return
    const { text, caret } = complete(this.#input.value, this.#place, word)
    this.#input.value = text
    this.#input.setSelectionRange(caret, caret)
    this.#close()
    this.#suggestSoon()
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#asked.abort()
    this.#list.hidden = true
    this.#completions = []
    this.#input.setAttribute('aria-expanded', 'false')
    this.#input.removeAttribute('aria-activedescendant')
  }
}
