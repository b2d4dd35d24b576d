/** The page of one exporter: streams, advice, templates, samplers, names and gaps. */

import type { ExporterReply } from '../../api/exporter.ts'
import { make, makeLinkButton } from '../elements.ts'
import {
  formatDigits,
  formatPercent,
  formatScaled,
  formatSeconds,
  formatTime,
  formatVersion,
  visible,
} from '../format.ts'
import { makeNote, makeTable, type TableColumn } from '../table.ts'
import { makeTools } from '../tools.ts'
import { makeAdvice, markOf } from './exporter-list.ts'

type Stream = ExporterReply['exporter']['streams'][number]
type Template = ExporterReply['templates'][number]
type Sampler = ExporterReply['samplers'][number]
type Name = ExporterReply['names'][number]
type Gap = ExporterReply['gaps'][number]

const text = (value: string | number | null) => (value === null ? '–' : String(value))

export function makeExporterPage(
  reply: ExporterReply,
  onBack: () => void,
  onTraffic: () => void,
): HTMLElement[] {
  const { exporter, templates, samplers, names, gaps, since, until } = reply
  const address = exporter.address ?? ''
  const mark = markOf(exporter)
  const title = make(
    'h2',
    {},
    make('span', { class: `mark ${mark.class}` }, mark.sign),
    ` ${visible(exporter.name ?? address)} `,
    make('span', { class: 'faint' }, mark.word),
  )
  const path = `/api/exporters/${encodeURIComponent(address)}`
  const tools = makeTools({ path, parameters: { since, until }, hasTable: false, ...reply })
  const head = make(
    'div',
    { class: 'head' },
    makeLinkButton('← all traffic', 'Back to the overview (Escape)', onBack),
    title,
    makeLinkButton('traffic of this exporter', 'Show its traffic', onTraffic),
    make('div', { class: 'tools' }, ...tools),
  )
  return [
    head,
    makeFacts(exporter),
    ...[makeAdvice(exporter.streams)].filter((part) => part !== null),
    part('Streams', exporter.streams, STREAMS, 'It has not sent anything yet.'),
    part('Gaps', gaps, GAPS, 'Nothing was lost in this range.'),
    part(
      'Templates',
      templates,
      TEMPLATES,
      'It has announced no templates; versions before 9 have none.',
    ),
    part('Samplers', samplers, SAMPLERS, 'It has announced no sampler.'),
    part('Names', names, NAMES, 'It has announced no names of interfaces or applications.'),
  ]
}

function part<Row>(
  title: string,
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  nothing: string,
) {
  const body = rows.length === 0 ? makeNote(nothing) : makeTable(title, columns, rows)
  return make('section', { class: 'part' }, make('h3', {}, title), body)
}

function makeFacts(exporter: ExporterReply['exporter']): HTMLElement {
  const facts: readonly (readonly [string, string])[] = [
    ['address', text(exporter.address)],
    ['first heard', formatTime(exporter.first_seen)],
    ['last heard', formatTime(exporter.last_seen)],
    ['flows are stored', exporter.enabled ? 'yes' : 'no: it is disabled'],
    ['prefixes', exporter.prefixes?.join(', ') || 'none'],
    ['sampling, set by operators', samplingOf(exporter)],
  ]
  const items = facts.flatMap(([term, fact]) => [
    make('dt', {}, term),
    make('dd', {}, visible(fact)),
  ])
  return make('dl', { class: 'facts-list' }, ...items)
}

function samplingOf({
  sampling_override: override,
  sampling_default: fallback,
}: ExporterReply['exporter']): string {
  if (override !== null) return `1 in ${override}, whatever it sends`
  return fallback === null ? 'no' : `1 in ${fallback}, where it says nothing`
}

const STREAMS: readonly TableColumn<Stream>[] = [
  { head: 'version', cell: ({ export_version: version }) => formatVersion(version) },
  { head: 'domain', isNumber: true, cell: ({ observation_domain: domain }) => text(domain) },
  {
    head: 'heard',
    isNumber: true,
    cell: ({ silent_seconds: seconds }) => `${formatSeconds(seconds)} ago`,
  },
  {
    head: 'flows',
    isNumber: true,
    cell: ({ flows_per_second: rate }) => (rate === null ? '–' : formatScaled(rate, '/s')),
  },
  {
    head: 'datagrams',
    isNumber: true,
    cell: ({ datagrams_per_second: rate }) => (rate === null ? '–' : formatScaled(rate, '/s')),
  },
  { head: 'numbers count', cell: ({ sequence_unit: unit }) => text(unit) },
  {
    head: 'lost in a day',
    isNumber: true,
    cell: ({ lost_day: lost, loss_percent_day: percent }) =>
      lost === null
        ? 'unknown'
        : `${formatDigits(lost)}${percent === null ? '' : ` (${formatPercent(percent)})`}`,
  },
  {
    head: 'lost at all',
    isNumber: true,
    cell: ({ lost }) => (lost === null ? 'unknown' : formatDigits(lost)),
  },
  {
    head: 'clock',
    isNumber: true,
    cell: ({ clock_skew_seconds: skew }) =>
      skew === null ? '–' : `${skew > 0 ? '+' : ''}${skew} s`,
  },
  { head: 'templates', isNumber: true, cell: ({ templates }) => text(templates) },
  { head: 'next template', cell: ({ next_template_due: due }) => formatTime(due) },
  {
    head: 'sampling',
    cell: ({ sampling: rates, sampling_source: source }) =>
      rates === null ? text(source) : `1 in ${rates} (${text(source)})`,
  },
]

const GAPS: readonly TableColumn<Gap>[] = [
  { head: 'detected', cell: ({ detected_at: time }) => formatTime(time) },
  { head: 'version', cell: ({ export_version: version }) => formatVersion(version) },
  { head: 'domain', isNumber: true, cell: ({ observation_domain: domain }) => text(domain) },
  { head: 'expected', isNumber: true, cell: ({ expected }) => text(expected) },
  { head: 'came', isNumber: true, cell: ({ received }) => text(received) },
  { head: 'lost', isNumber: true, cell: ({ lost }) => formatDigits(lost) },
  { head: 'of', cell: ({ unit }) => text(unit) },
]

const TEMPLATES: readonly TableColumn<Template>[] = [
  { head: 'id', isNumber: true, cell: ({ template_id: id }) => text(id) },
  { head: 'kind', cell: ({ kind }) => text(kind) },
  { head: 'version', cell: ({ export_version: version }) => formatVersion(version) },
  { head: 'domain', isNumber: true, cell: ({ observation_domain: domain }) => text(domain) },
  { head: 'fields', isNumber: true, cell: ({ fields }) => String(fields.length) },
  { head: 'first seen', cell: ({ first_seen: time }) => formatTime(time) },
  { head: 'last seen', cell: ({ last_seen: time }) => formatTime(time) },
  { head: 'changed', isNumber: true, cell: ({ redefinitions }) => text(redefinitions) },
  { head: 'state', cell: ({ status }) => text(status) },
]

const SAMPLERS: readonly TableColumn<Sampler>[] = [
  {
    head: 'scope',
    cell: ({ scope, scope_value: value }) => (value === null ? text(scope) : `${scope} ${value}`),
  },
  {
    head: 'rate',
    isNumber: true,
    cell: ({ sampling_rate: rate }) => (rate === null ? '–' : `1 in ${formatDigits(rate)}`),
  },
  { head: 'said by', cell: ({ source }) => text(source) },
  { head: 'last seen', cell: ({ last_seen: time }) => formatTime(time) },
  { head: 'state', cell: ({ status }) => text(status) },
]

const NAMES: readonly TableColumn<Name>[] = [
  { head: 'of', cell: ({ kind }) => text(kind) },
  { head: 'number', isNumber: true, cell: ({ key }) => text(key) },
  { head: 'name', cell: ({ name }) => text(name) },
]
