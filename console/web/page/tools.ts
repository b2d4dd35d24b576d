/** The tools of an answer: CSV, JSON, and the same question for psql and for the terminal. */

import { type Parameters, urlOf } from './ask.ts'
import { find, make, makeLinkButton } from './elements.ts'

const SHOWN_MS = 2_000

interface SameQuestion {
  readonly path: string
  readonly parameters: Parameters
  /** Whether the answer can be had as CSV. */
  readonly hasTable?: boolean
  readonly sql?: string | undefined
  readonly command?: string | null | undefined
}

/** Makes the links and buttons of an answer. */
export function makeTools({
  path,
  parameters,
  hasTable = true,
  sql,
  command,
}: SameQuestion): HTMLElement[] {
  const link = (text: string, format: string) => {
    const attributes = {
      href: urlOf(path, { ...parameters, format }),
      download: fileName(path, format),
    }
    return make('a', { attributes }, text)
  }
  const tools: HTMLElement[] = hasTable ? [link('CSV', 'csv')] : []
  tools.push(link('JSON', 'json'))
  if (sql) tools.push(makeCopyButton('copy as SQL', sql))
  if (command) tools.push(makeCopyButton('copy as netflow command', command))
  return tools
}

function fileName(path: string, format: string): string {
  return `${path.replace('/api/', 'netflow-').replaceAll('/', '-')}.${format}`
}

function makeCopyButton(name: string, text: string): HTMLElement {
  const button = makeLinkButton(name, text.length > 400 ? `${text.slice(0, 400)} …` : text, () => {
    navigator.clipboard.writeText(text).then(
      () => say('copied'),
      () => say('the browser does not allow copying here: use https, or localhost'),
    )
  })
  button.dataset['text'] = text
  return button
}

function say(text: string): void {
  const place = find('copied')
  place.textContent = text
  setTimeout(() => {
    place.textContent = ''
  }, SHOWN_MS)
}
