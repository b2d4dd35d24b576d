/** Finds the word of a filter that is being typed, and completes it. Pure. */

/** Words whose values can be completed. */
const VALUE_WORDS = ['exporter', 'if', 'proto', 'port', 'flowdir', 'extra'] as const
type ValueWord = (typeof VALUE_WORDS)[number]

/** A word to complete. */
export interface Place {
  /** The field of its completions. */
  readonly field: 'word' | ValueWord
  /** The part of the word before the caret. */
  readonly prefix: string
  /** Offset of the word. */
  readonly begin: number
  /** Offset of the caret. */
  readonly end: number
}

/** Words whose values cannot be completed. */
const OPEN = [
  ...['host', 'net', 'ip', 'as', 'bytes', 'packets', 'duration', 'bps', 'pps', 'bpp'],
  ...['tos', 'ttl', 'flags', 'vlan', 'mac', 'domain', 'version', 'event'],
]

/** Returns the word at the caret; undefined when it cannot be completed. */
export function placeAt(text: string, caret: number): Place | undefined {
  const before = text.slice(0, caret)
  const prefix = /"[^"]*$|[^\s()[\]]*$/.exec(fromOpenQuote(before))?.[0] ?? ''
  const begin = caret - prefix.length
  const word = /([a-z]+)[\s(]*$/i.exec(text.slice(0, begin))?.[1]?.toLowerCase() ?? ''
  if (OPEN.includes(word)) return undefined
  const field = VALUE_WORDS.find((name) => name === word)
  if (field) return { field, prefix, begin, end: caret }
  return prefix === '' && before !== '' && !/[\s(]$/.test(before)
    ? undefined
    : { field: 'word', prefix, begin, end: caret }
}

/** Returns the text from an open quote on, whose blanks belong to the word; else the whole text. */
function fromOpenQuote(text: string): string {
  return (text.match(/"/g)?.length ?? 0) % 2 === 1 ? text.slice(text.lastIndexOf('"')) : text
}

/** Returns the text with the word completed, and where the caret goes. */
export function complete(
  text: string,
  { begin, end }: Place,
  word: string,
): { text: string; caret: number } {
  const rest = text.slice(end)
  const inserted = `${word}${/^\s/.test(rest) ? '' : ' '}`
  return { text: text.slice(0, begin) + inserted + rest, caret: begin + inserted.length }
}
