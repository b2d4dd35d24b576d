/** The list of exporters: the state of each, and its advice. */

import type { ExportersReply } from '../../api/exporters.ts'
import { make, makeLinkButton } from '../elements.ts'
import { formatPercent, formatScaled, formatSeconds, formatVersion, visible } from '../format.ts'
import { makeNote } from '../table.ts'

type Exporter = ExportersReply['rows'][number]
type Stream = Exporter['streams'][number]

const SILENT_SECONDS = 300

/** Shows a state by a sign, a word and a colour: the colour alone is not enough. */
interface Mark {
  readonly sign: string
  readonly word: string
  readonly class: string
}

/** Judges an exporter by its streams. */
export function markOf({ enabled, streams }: Exporter): Mark {
  if (!enabled) return { sign: '■', word: 'disabled', class: 'bad' }
  if (streams.length === 0) return { sign: '○', word: 'not heard yet', class: 'warn' }
  if (silentSeconds(streams) > SILENT_SECONDS) return { sign: '◆', word: 'silent', class: 'bad' }
  if (streams.some(({ advice }) => advice.length > 0)) {
    return { sign: '▲', word: 'advice', class: 'warn' }
  }
  return { sign: '●', word: 'well', class: 'good' }
}

export function makeExporterList(
  { rows }: ExportersReply,
  onExporter: (address: string) => void,
): HTMLElement {
  if (rows.length === 0) {
    return makeNote(
      'No exporter has been heard. Point one at UDP port 2055 of this host, or try npm run demo.',
    )
  }
  return make('div', {}, ...rows.map((row) => makeExporter(row, onExporter)))
}

function makeExporter(exporter: Exporter, onExporter: (address: string) => void): HTMLElement {
  const { name, streams } = exporter
  const address = exporter.address ?? ''
  const mark = markOf(exporter)
  const button = makeLinkButton(visible(name ?? address), 'Show this exporter', () =>
    onExporter(address),
  )
  button.dataset['key'] = `exporter ${address}`
  const rate = streams.reduce((sum, { flows_per_second: flows }) => sum + (flows ?? 0), 0)
  const facts = [
    name === null ? '' : address,
    versionsOf(streams),
    mark.word === 'silent' ? `silent for ${formatSeconds(silentSeconds(streams))}` : '',
    lossOf(streams),
  ]
  const line = make(
    'div',
    { class: 'line' },
    make(
      'span',
      { class: `mark ${mark.class}`, title: mark.word },
      mark.sign,
      make('span', { class: 'hidden' }, ` ${mark.word} `),
    ),
    button,
    make('span', { class: 'faint' }, facts.filter((fact) => fact !== '').join(' · ')),
    make('span', { class: 'rate' }, formatScaled(rate, 'flows/s')),
  )
  return make('div', { class: 'exporter' }, line, makeAdvice(streams))
}

/** Lists all advice, each sentence once; null when there is none. */
export function makeAdvice(streams: readonly Stream[]): HTMLElement | null {
  const sentences = [...new Set(streams.flatMap(({ advice }) => advice))]
  if (sentences.length === 0) return null
  return make(
    'ul',
    { class: 'advice' },
    ...sentences.map((sentence) => make('li', {}, visible(sentence))),
  )
}

/** Returns how long ago the last datagram was received. */
const silentSeconds = (streams: readonly Stream[]) =>
  Math.min(...streams.map(({ silent_seconds: seconds }) => seconds ?? Infinity))

function versionsOf(streams: readonly Stream[]): string {
  const versions = new Set(streams.map((stream) => formatVersion(stream.export_version)))
  return [...versions].join(', ')
}

function lossOf(streams: readonly Stream[]): string {
  const known = streams.filter(({ loss_percent_day: percent }) => percent !== null)
  if (known.length === 0) return streams.length === 0 ? '' : 'loss not known'
  const worst = Math.max(...known.map(({ loss_percent_day: percent }) => percent ?? 0))
  return worst === 0 ? 'nothing lost in a day' : `${formatPercent(worst)} lost in a day`
}
