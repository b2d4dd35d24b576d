/** Makes tables of answers: a name, heads, and cells that are texts or elements. */

import { make } from './elements.ts'
import { visible } from './format.ts'

export interface TableColumn<Row> {
  readonly head: string
  readonly cell: (row: Row) => Node | string
  /** Aligned to the right. */
  readonly isNumber?: boolean
  /** Not shown on narrow screens. */
  readonly isExtra?: boolean
}

/** Makes a table that scrolls by itself when the screen is narrow. */
export function makeTable<Row>(
  name: string,
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
): HTMLElement {
  const classOf = ({ isNumber, isExtra }: TableColumn<Row>) =>
    [isNumber && 'number', isExtra && 'extra'].filter(Boolean).join(' ')
  const head = columns.map((column) =>
    make('th', { class: classOf(column), attributes: { scope: 'col' } }, column.head),
  )
  const body = rows.map((row) =>
    make(
      'tr',
      {},
      ...columns.map((column) => {
        const cell = column.cell(row)
        return make(
          'td',
          { class: classOf(column) },
          typeof cell === 'string' ? visible(cell) : cell,
        )
      }),
    ),
  )
  const table = make(
    'table',
    { attributes: { 'aria-label': name } },
    make('thead', {}, make('tr', {}, ...head)),
    make('tbody', {}, ...body),
  )
  // A region that scrolls must be reachable by the keyboard.
  return make(
    'div',
    { class: 'scroll', attributes: { tabindex: 0, role: 'region', 'aria-label': name } },
    table,
  )
}

/** Makes a sentence that takes the place of an answer. */
export function makeNote(text: string): HTMLElement {
  return make('p', { class: 'note' }, visible(text))
}
