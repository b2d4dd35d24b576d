/** The lists below the chart: newest flows, conversations, the loss ledger, translations. */

import type { ConversationsReply } from '../../api/conversations.ts'
import type { FlowsReply } from '../../api/flows.ts'
import type { LossReply } from '../../api/loss.ts'
import type { NatReply } from '../../api/nat.ts'
import { make, makeLinkButton } from '../elements.ts'
import {
  formatCounter,
  formatDigits,
  formatPercent,
  formatSeconds,
  formatTime,
  visible,
} from '../format.ts'
import { makeNote, makeTable, type TableColumn } from '../table.ts'

type Flow = FlowsReply['rows'][number]
type Conversation = ConversationsReply['rows'][number]
type Loss = LossReply['rows'][number]
type Mapping = NatReply['rows'][number]

/** Narrows the filter by a test. */
type OnTest = (test: string) => void

function formatEnd(address: string | null, port: number | null): string {
  if (address === null) return '–'
  if (port === null) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function addressCell(
  address: string | null,
  port: number | null,
  side: string,
  onTest: OnTest,
): Node | string {
  const text = formatEnd(address, port)
  if (address === null) return text
  const test = `${side} ${address}`.trimStart()
  const button = makeLinkButton(text, `Add to the filter: ${test}`, () => onTest(test))
  button.classList.add('mono')
  return button
}

/** Shows a time; narrow screens leave out the date. */
function timeCell(time: string | null): HTMLElement {
  const [date = '', clock = ''] = formatTime(time).split(' ')
  return make(
    'span',
    { title: formatTime(time) },
    make('span', { class: 'extra' }, `${date} `),
    clock,
  )
}

const protocolOf = ({ protocol, protocol_name: name }: Flow | Conversation | Mapping) =>
  name ?? (protocol === null ? '–' : String(protocol))

export function makeFlowList({ rows }: FlowsReply, onTest: OnTest): HTMLElement {
  if (rows.length === 0) return makeNote('No flows in this range.')
  const columns: readonly TableColumn<Flow>[] = [
    { head: 'received', cell: ({ received_at: time }) => timeCell(time) },
    { head: 'protocol', cell: protocolOf },
    {
      head: 'source',
      cell: ({ src_addr: address, src_port: port }) =>
        addressCell(address, port, 'src host', onTest),
    },
    {
      head: 'destination',
      cell: ({ dst_addr: address, dst_port: port }) =>
        addressCell(address, port, 'dst host', onTest),
    },
    { head: 'bytes', isNumber: true, cell: ({ bytes }) => formatCounter(bytes, 'bytes') },
    { head: 'packets', isNumber: true, cell: ({ packets }) => formatCounter(packets, 'packets') },
    {
      head: 'duration',
      isNumber: true,
      isExtra: true,
      cell: ({ seconds }) => formatSeconds(seconds),
    },
    { head: 'flags', isExtra: true, cell: ({ tcp_flag_letters: letters }) => letters ?? '' },
    { head: 'in → out', isExtra: true, cell: interfacesOf },
    {
      head: 'exporter',
      isExtra: true,
      cell: ({ exporter, exporter_name: name }) => name ?? exporter ?? '',
    },
    {
      head: 'remark',
      isExtra: true,
      cell: ({ drop_reason: dropped, event_name: event }) => dropped ?? event ?? '',
    },
  ]
  return makeTable('Newest flows', columns, rows)
}

function interfacesOf({
  input_if: input,
  input_name: inName,
  output_if: output,
  output_name: outName,
}: Flow): string {
  if (input === null && output === null) return ''
  return `${inName ?? input ?? '–'} → ${outName ?? output ?? '–'}`
}

export function makeConversationList({ rows }: ConversationsReply, onTest: OnTest): HTMLElement {
  if (rows.length === 0) return makeNote('No conversations in this range.')
  const columns: readonly TableColumn<Conversation>[] = [
    { head: 'begun', cell: ({ started_at: time }) => timeCell(time) },
    { head: 'protocol', cell: protocolOf },
    {
      head: 'client',
      cell: ({ client, client_port: port }) => addressCell(client, port, 'host', onTest),
    },
    {
      head: 'server',
      cell: ({ server, server_port: port }) => addressCell(server, port, 'host', onTest),
    },
    { head: 'service', isExtra: true, cell: ({ service }) => service ?? '' },
    {
      head: 'from client',
      isNumber: true,
      cell: ({ client_bytes: bytes }) => formatCounter(bytes, 'bytes'),
    },
    {
      head: 'from server',
      isNumber: true,
      cell: ({ server_bytes: bytes }) => formatCounter(bytes, 'bytes'),
    },
    {
      head: 'packets',
      isNumber: true,
      isExtra: true,
      cell: ({ packets }) => formatCounter(packets, 'packets'),
    },
    {
      head: 'duration',
      isNumber: true,
      isExtra: true,
      cell: ({ seconds }) => formatSeconds(seconds),
    },
    { head: 'who is the client', isExtra: true, cell: ({ told_by: reason }) => reason ?? '' },
  ]
  return makeTable('Conversations', columns, rows)
}

export function makeLossList(
  { rows }: LossReply,
  onExporter: (address: string) => void,
): HTMLElement {
  if (rows.length === 0) return makeNote('No exporter has sent anything in this range.')
  const columns: readonly TableColumn<Loss>[] = [
    { head: 'exporter', cell: ({ exporter }) => exporterCell(exporter, onExporter) },
    {
      head: 'version',
      isNumber: true,
      cell: ({ export_version: version }) => String(version ?? ''),
    },
    {
      head: 'domain',
      isNumber: true,
      isExtra: true,
      cell: ({ observation_domain: domain }) => String(domain ?? ''),
    },
    { head: 'counts', isExtra: true, cell: ({ unit }) => unit ?? '' },
    {
      head: 'expected',
      isNumber: true,
      isExtra: true,
      cell: ({ expected }) => formatDigits(expected),
    },
    { head: 'received', isNumber: true, cell: ({ received }) => formatDigits(received) },
    { head: 'lost', isNumber: true, cell: lostCell },
    { head: 'cause', cell: ({ cause }) => cause ?? '' },
    { head: 'late', isNumber: true, isExtra: true, cell: ({ late }) => formatDigits(late) },
    {
      head: 'duplicates',
      isNumber: true,
      isExtra: true,
      cell: ({ duplicates }) => formatDigits(duplicates),
    },
    {
      head: 'coverage',
      isNumber: true,
      cell: ({ coverage }) => formatPercent(coverage),
    },
  ]
  return makeTable('Loss ledger', columns, rows)
}

function lostCell({ lost }: Loss): HTMLElement {
  const isLost = lost !== null && lost !== '0'
  return make(
    'span',
    { class: isLost ? 'bad-text' : '' },
    lost === null ? 'unknown' : formatDigits(lost),
  )
}

function exporterCell(
  address: string | null,
  onExporter: (address: string) => void,
): Node | string {
  if (address === null) return 'all (this host)'
  return makeLinkButton(visible(address), 'Show this exporter', () => onExporter(address))
}

export function makeMappingList({ rows, at }: NatReply, address: string): HTMLElement {
  if (rows.length === 0) return makeNote(`Nobody was behind ${address} at ${formatTime(at)}.`)
  const columns: readonly TableColumn<Mapping>[] = [
    {
      head: 'inside',
      cell: ({ inside_addr: inside, inside_port: port }) => formatEnd(inside, port),
    },
    { head: 'protocol', cell: protocolOf },
    { head: 'since', cell: ({ since }) => formatTime(since) },
    { head: 'until', cell: ({ until }) => (until === null ? 'still' : formatTime(until)) },
    {
      head: 'ports',
      cell: ({ first_port: first, last_port: last }) =>
        first === null ? '' : first === last ? String(first) : `${first}–${last}`,
    },
    {
      head: 'destination',
      isExtra: true,
      cell: ({ dst_addr: dst, dst_port: port }) => (dst === null ? '' : formatEnd(dst, port)),
    },
    { head: 'event', isExtra: true, cell: ({ event_name: event }) => event ?? '' },
    {
      head: 'told by',
      isExtra: true,
      cell: ({ exporter, exporter_name: name }) => name ?? exporter ?? '',
    },
  ]
  return makeTable('Who was behind the address', columns, rows)
}
