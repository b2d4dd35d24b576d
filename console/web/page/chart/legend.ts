/** The legend of the chart: a table of the areas. A click shows only one of them. */

import { make, makeLinkButton } from '../elements.ts'
import { formatCounter, formatRate, visible } from '../format.ts'
import { makeTable, type TableColumn } from '../table.ts'
import type { Unit } from '../view-state.ts'
import type { Area } from './stack.ts'
import { areaColour } from './theme.ts'

interface LegendOptions {
  readonly areas: readonly Area[]
  readonly unit: Unit
  /** The id of the only area shown; empty: all. */
  readonly only: string
  readonly onOnly: (id: string) => void
}

export function makeLegend({ areas, unit, only, onOnly }: LegendOptions): HTMLElement {
  const columns: readonly TableColumn<Area>[] = [
    { head: '', cell: nameCell },
    { head: 'average', isNumber: true, cell: ({ average }) => formatRate(average, unit) },
    { head: 'greatest', isNumber: true, isExtra: true, cell: ({ max }) => formatRate(max, unit) },
    { head: '95 %', isNumber: true, isExtra: true, cell: ({ p95 }) => formatRate(p95, unit) },
    { head: 'total', isNumber: true, cell: ({ total }) => formatCounter(total, unit) },
  ]
  function nameCell(area: Area): HTMLElement {
    const { id, name } = area
    const swatch = make('span', { class: 'swatch' })
    swatch.style.background = areaColour(areas, area)
    const isOnly = id === only && only !== ''
    const title = isOnly ? 'Show all areas' : 'Show only this area'
    const button = makeLinkButton(visible(name), title, () => onOnly(isOnly ? '' : id))
    button.dataset['key'] = `legend ${id}`
    button.setAttribute('aria-pressed', String(isOnly))
    return make('span', {}, swatch, button)
  }
  return makeTable('Areas of the chart', columns, areas)
}
