/** The top list: shares as bars, and rows that narrow the filter. */

import type { TopReply } from '../../api/top.ts'
import { make, makeLinkButton, makeSvg } from '../elements.ts'
import { formatCounter, formatDigits, formatShare, visible } from '../format.ts'
import { findTest } from '../narrow-filter.ts'
import { makeNote, makeTable, type TableColumn } from '../table.ts'

type TopRow = TopReply['rows'][number]

export function makeTopList(reply: TopReply, onTest: (test: string) => void): HTMLElement {
  const { by, rows, other } = reply
  if (rows.length === 0) return makeNote('No flows in this range.')
  const columns: readonly TableColumn<TopRow>[] = [
    {
      head: by,
      cell: (row) => nameCell(row, row === other ? undefined : findTest(by, row.key), onTest),
    },
    { head: 'bytes', isNumber: true, cell: bytesCell },
    { head: 'share', isNumber: true, cell: ({ share }) => formatShare(share) },
    { head: '', isExtra: true, cell: ({ share }) => makeBar(share ?? 0) },
    {
      head: 'packets',
      isNumber: true,
      isExtra: true,
      cell: ({ packets }) => formatCounter(packets, 'packets'),
    },
    {
      head: 'flows',
      isNumber: true,
      isExtra: true,
      cell: ({ flows }) => formatCounter(flows, 'flows'),
    },
  ]
  return makeTable(`Top by ${by}`, columns, other ? [...rows, other] : rows)
}

function nameCell(
  { key, name }: TopRow,
  test: string | undefined,
  onTest: (test: string) => void,
): HTMLElement {
  const text = visible(name || key || 'not sent')
  const isNamed = key !== null && name !== key && key !== 'other'
  const faint = isNamed ? make('span', { class: 'faint' }, ` ${visible(key)}`) : null
  if (test === undefined) return make('span', { class: 'faint' }, text, faint)
  const button = makeLinkButton(text, `Add to the filter: ${test}`, () => onTest(test))
  button.dataset['key'] = `top ${key}`
  return make('span', {}, button, faint)
}

function bytesCell({ bytes, at_most: atMost, exact }: TopRow): HTMLElement {
  const title = exact
    ? `${formatDigits(bytes)} bytes, exact`
    : `from ${formatDigits(bytes)} to ${formatDigits(atMost)} bytes: the lists of the rollups leave out small sums`
  return make('span', { title }, exact ? '' : '≥ ', formatCounter(bytes, 'bytes'))
}

function makeBar(share: number): SVGElement {
  const width = Math.max(0, Math.min(100, share * 100))
  const attributes = { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }
  return makeSvg('svg', { class: 'bar', ...attributes }, makeSvg('rect', { width, height: 10 }))
}
