/** The tabs of the lists; arrow keys move between them. */

import { find, make } from '../elements.ts'
import { LISTS, type ListName } from '../view-state.ts'

const NAMES: Readonly<Record<ListName, string>> = {
  flows: 'Newest flows',
  conversations: 'Conversations',
  loss: 'Loss ledger',
  nat: 'CGNAT',
}

export class ListTabs {
  readonly #tabs: readonly HTMLButtonElement[]
  readonly #onList: (list: ListName) => void

  constructor(onList: (list: ListName) => void) {
    this.#onList = onList
    this.#tabs = LISTS.map((list) => {
      const attributes = {
        role: 'tab',
        type: 'button',
        id: `tab-${list}`,
        'aria-controls': 'list-body',
      }
      const on = { click: () => onList(list) }
      return make('button', { on, attributes }, NAMES[list])
    })
    const place = find('list-tabs')
    place.append(...this.#tabs)
    place.addEventListener('keydown', (event) => this.#onKey(event))
  }

  show(list: ListName): void {
    for (const tab of this.#tabs) {
      const isChosen = tab.id === `tab-${list}`
      tab.setAttribute('aria-selected', String(isChosen))
      tab.tabIndex = isChosen ? 0 : -1
    }
    find('list-body').setAttribute('aria-labelledby', `tab-${list}`)
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }
    const move = moves[event.key]
    if (move === undefined || event.shiftKey) return
    event.preventDefault()
    const at = this.#tabs.indexOf(document.activeElement as HTMLButtonElement)
    const next = (at + move + LISTS.length) % LISTS.length
    this.#tabs[next]?.focus()
    const list = LISTS[next]
    if (list) this.#onList(list)
  }
}
