/** The page: the URL holds its state, and each part asks its own question. */

import type { ConversationsReply } from '../api/conversations.ts'
import type { ExporterReply } from '../api/exporter.ts'
import type { ExportersReply } from '../api/exporters.ts'
import type { FlowsReply } from '../api/flows.ts'
import type { LossReply } from '../api/loss.ts'
import type { NatReply } from '../api/nat.ts'
import type { TopReply } from '../api/top.ts'
import type { TrafficReply } from '../api/traffic.ts'
import { AskError, ask } from './ask.ts'
import { TrafficPanel } from './chart/traffic-panel.ts'
import { Controls } from './controls/controls.ts'
import { FilterBox } from './controls/filter-box.ts'
import { ListTabs } from './controls/list-tabs.ts'
import { LookUp } from './controls/look-up.ts'
import { find, replace } from './elements.ts'
import { makeExporterList } from './lists/exporter-list.ts'
import { makeExporterPage } from './lists/exporter-page.ts'
import {
  makeConversationList,
  makeFlowList,
  makeLossList,
  makeMappingList,
} from './lists/flow-lists.ts'
import { makeTopList } from './lists/top-list.ts'
import { narrowFilter } from './narrow-filter.ts'
import { Panel, type When } from './panel.ts'
import { makeNote } from './table.ts'
import { isLive } from './time-range.ts'
import { readState, type ViewState, writeState } from './view-state.ts'

const RETRY_MS = 3_000
const TOP_ROWS = 12
const LIST_ROWS = 50

export class Page {
  #state = readState(location.search)
  #refresh: number | undefined
  #retry: number | undefined
  readonly #controls = new Controls((changes) => this.#change(changes))
  readonly #filter = new FilterBox((filter) => this.#change({ filter }))
  readonly #tabs = new ListTabs((list) => this.#change({ list }))
  readonly #lookUp = new LookUp((translation) => this.#change(translation))
  readonly #chart = new TrafficPanel(
    (range) => this.#change(range),
    (only) => this.#change({ only }),
  )
  readonly #onTest = (test: string) =>
    this.#change({ filter: narrowFilter(this.#state.filter, test), exporter: '' })
  readonly #onExporter = (exporter: string) => this.#change({ exporter })
  readonly #traffic = this.#panel<TrafficReply>('traffic', (reply) => this.#showTraffic(reply))
  readonly #top = this.#panel<TopReply>('top', (reply) => makeTopList(reply, this.#onTest))
  readonly #exporters = this.#panel<ExportersReply>('exporters', (reply) =>
    makeExporterList(reply, this.#onExporter),
  )
  readonly #list = this.#panel<FlowsReply | ConversationsReply | LossReply | NatReply>(
    'list',
    (reply) => this.#drawList(reply),
  )

  start(): void {
    addEventListener('popstate', () => {
      this.#state = readState(location.search)
      this.#show('when changed')
    })
    addEventListener('keydown', (event) => this.#onKey(event))
    this.#show('when changed')
  }

  #panel<Reply extends object>(id: string, draw: (reply: Reply) => Node | undefined): Panel<Reply> {
    const onFault = (error: AskError) => this.#onFault(error)
    return new Panel<Reply>({ id, draw, onFault, onAnswer: () => this.#onAnswer() })
  }

  #change(changes: Partial<ViewState>): void {
    const next = { ...this.#state, ...changes }
    const search = writeState(next)
    if (search !== location.search) {
      history.pushState(null, '', search === '' ? location.pathname : search)
    }
    this.#state = next
    this.#show('when changed')
  }

  #show(when: When): void {
    const state = this.#state
    this.#controls.show(state)
    this.#controls.loadKeys().catch((error: unknown) => this.#onFault(error))
    this.#filter.show(state.filter)
    for (const id of ['overview', 'controls', 'range']) find(id).hidden = state.exporter !== ''
    find('exporter').hidden = state.exporter === ''
    if (state.exporter === '') this.#showOverview(when)
    else this.#showExporter(state).catch((error: unknown) => this.#failExporter(error))
    clearInterval(this.#refresh)
    if (state.refresh === 0 || !isLive(state)) return
    this.#refresh = window.setInterval(() => {
      if (!document.hidden) this.#show('always')
    }, state.refresh * 1000)
  }

  #showOverview(when: When): void {
    const state = this.#state
    const { since, until, filter, raw, top } = state
    document.title = filter === '' ? 'NetFlow' : `${filter} – NetFlow`
    this.#chart.showOnly(state.only)
    this.#traffic
      .load('/api/traffic', this.#chart.parametersOf(state), when)
      .then(() => this.#chart.showPrevious(this.#state))
      .catch((error: unknown) => this.#onFault(error))
    const parameters = { since, until, filter, by: top, n: TOP_ROWS, scaled: !raw }
    this.#top.load('/api/top', parameters, when)
    this.#exporters.load('/api/exporters', {}, when)
    this.#showList(when)
  }

  #showList(when: When): void {
    const { since, until, filter, list, address, port, at } = this.#state
    this.#tabs.show(list)
    this.#lookUp.show(list === 'nat' ? { address, port, at } : undefined)
    if (list === 'flows' || list === 'conversations') {
      this.#list.load(`/api/${list}`, { since, until, filter, limit: LIST_ROWS }, when)
    } else if (list === 'loss') {
      this.#list.load('/api/loss', { since, until }, when)
    } else if (address === '') {
      this.#list.put(
        makeNote(
          'Who was behind a public address and port at a time? Devices that translate must send their events.',
        ),
      )
    } else {
      this.#list.load('/api/nat', { address, port, at }, when)
    }
  }

  #drawList(reply: FlowsReply | ConversationsReply | LossReply | NatReply): Node {
    const { list, address } = this.#state
    if (list === 'flows') return makeFlowList(reply as FlowsReply, this.#onTest)
    if (list === 'conversations') {
      return makeConversationList(reply as ConversationsReply, this.#onTest)
    }
    if (list === 'loss') return makeLossList(reply as LossReply, this.#onExporter)
    return makeMappingList(reply as NatReply, address)
  }

  #showTraffic(reply: TrafficReply): undefined {
    this.#controls.showRange(reply)
    this.#filter.showFault(undefined)
    this.#chart.show(reply)
  }

  async #showExporter({ exporter }: ViewState): Promise<void> {
    document.title = `${exporter} – NetFlow`
    const path = `/api/exporters/${encodeURIComponent(exporter)}`
    const reply = await ask<ExporterReply>(path, { since: '24h' })
    if (this.#state.exporter !== exporter) return
    this.#onAnswer()
    const onBack = () => this.#change({ exporter: '' })
    const onTraffic = () => this.#onTest(`exporter ${exporter}`)
    replace(find('exporter'), ...makeExporterPage(reply, onBack, onTraffic))
  }

  #failExporter(error: unknown): void {
    if (error instanceof AskError && !error.isTemporary) {
      replace(find('exporter'), makeNote(error.message))
    } else this.#onFault(error)
  }

  #onKey(event: KeyboardEvent): void {
    const isTyping =
      event.target instanceof HTMLElement && event.target.matches('input, select, [role=slider]')
    if (event.key === 'Escape' && !isTyping) {
      if (this.#state.exporter === '') this.#controls.widen()
      else this.#change({ exporter: '' })
    } else if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return
    else if (event.key === '/') this.#filter.element.focus()
    else if (event.shiftKey && event.key === 'ArrowLeft') this.#controls.move(-1)
    else if (event.shiftKey && event.key === 'ArrowRight') this.#controls.move(1)
    else return
    event.preventDefault()
  }

  #onFault(error: unknown): void {
    if (!(error instanceof AskError)) throw error
    const { code, message, position, parameter } = error
    this.#controls.markFault(parameter)
    if (parameter === 'since' || parameter === 'until') this.#say(message)
    if (code === 'bad_filter') this.#filter.showFault({ message, position })
    if (!error.isTemporary) return
    this.#say(`${message}${code === 'unreachable' ? '' : '. The page tries again.'}`)
    clearTimeout(this.#retry)
    this.#retry = window.setTimeout(() => this.#show('always'), RETRY_MS)
  }

  #say(text: string): void {
    const banner = find('banner')
    banner.textContent = text
    banner.hidden = false
  }

  #onAnswer(): void {
    find('banner').hidden = true
    this.#controls.markFault(undefined)
  }
}
