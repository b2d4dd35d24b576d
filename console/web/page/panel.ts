/** A part of the page with an answer of its own. It asks when its question has changed, and draws. */

import { AskError, ask, isAbort, type Parameters, urlOf } from './ask.ts'
import { find, replace } from './elements.ts'
import { makeNote } from './table.ts'
import { makeTools } from './tools.ts'

interface Answer {
  readonly sql?: string
  readonly command?: string | null
}

/** Whether a question that was asked before is asked again. */
export type When = 'when changed' | 'always'

interface PanelOptions<Reply> {
  /** Of its section, with the parts `ID-body` and `ID-tools`. */
  readonly id: string
  readonly draw: (reply: Reply) => Node | undefined
  readonly onFault: (error: AskError) => void
  readonly onAnswer: () => void
}

export class Panel<Reply extends Answer> {
  readonly #options: PanelOptions<Reply>
  readonly #section: HTMLElement
  #asked = ''
  #abort = new AbortController()

  constructor(options: PanelOptions<Reply>) {
    this.#options = options
    this.#section = find(options.id)
  }

  /** Asks; `when changed`, only a question that differs from the last one. */
  async load(path: string, parameters: Parameters, when: When): Promise<void> {
    const url = urlOf(path, parameters)
    if (url === this.#asked && when === 'when changed') return
    this.#abort.abort()
    const abort = new AbortController()
    this.#abort = abort
    this.#asked = url
    this.#markBusy()
    try {
      const reply = await ask<Reply>(path, parameters, abort.signal)
      this.#show(reply, path, parameters)
      this.#options.onAnswer()
    } catch (error) {
      if (isAbort(error)) return
      this.#asked = ''
      this.#fail(error)
    }
    if (this.#abort === abort) this.#unmarkBusy()
  }

  /** Draws without asking. An answer that is on its way is not drawn. */
  put(...nodes: readonly Node[]): void {
    this.#abort.abort()
    this.#asked = ''
    this.#unmarkBusy()
    replace(find(`${this.#options.id}-tools`))
    replace(find(`${this.#options.id}-body`), ...nodes)
  }

  #markBusy(): void {
    this.#section.classList.add('busy')
    this.#section.setAttribute('aria-busy', 'true')
  }

  #unmarkBusy(): void {
    this.#section.classList.remove('busy')
    this.#section.removeAttribute('aria-busy')
  }

  #show(reply: Reply, path: string, parameters: Parameters): void {
    const drawn = this.#options.draw(reply)
    if (drawn) replace(find(`${this.#options.id}-body`), drawn)
    const { sql, command } = reply
    replace(find(`${this.#options.id}-tools`), ...makeTools({ path, parameters, sql, command }))
  }

  #fail(error: unknown): void {
    const known = error instanceof AskError ? error : new AskError('internal', String(error))
    // The last answer stays while the database is away, and while the filter is wrong.
    const isKept = known.isTemporary || known.code === 'bad_filter'
    const body = document.getElementById(`${this.#options.id}-body`)
    if (body && !(isKept && body.hasChildNodes())) {
      replace(body, makeNote(isKept ? 'No answer yet.' : known.message))
    }
    this.#options.onFault(known)
  }
}
