/** Which words can go on at a place of a filter. Pure. */

export interface Place {
  /** What to ask the completions for. */
  readonly field:
    | 'word'
    | 'exporter'
    | 'if'
    | 'proto'
    | 'flowdir'
    | 'extra'
    | 'port'
    | 'application'
  /** What of the word is written. */
  readonly prefix: string
  /** Offset of the word. */
  readonly begin: number
  /** Offset after what is written of it. */
  readonly end: number
}

/** After these words stands a value. */
const VALUES: Readonly<Record<string, Place['field']>> = {
  exporter: 'exporter',
  if: 'if',
  proto: 'proto',
  port: 'port',
  flowdir: 'flowdir',
  extra: 'extra',
}

/** Words whose values nobody can complete. */
const OPEN = [
  'host',
  'net',
  'ip',
  'as',
  'bytes',
  'packets',
  'duration',
  'bps',
  'pps',
  'bpp',
  'tos',
  'ttl',
  'flags',
  'vlan',
  'mac',
  'domain',
  'version',
  'event',
]

/** Returns what to complete at the caret; undefined where only the user knows. */
export function placeAt(text: string, caret: number): Place | undefined {
  const before = text.slice(0, caret)
  const prefix = /"[^"]*$|[^\s()[\]]*$/.exec(quoted(before))?.[0] ?? ''
  const begin = caret - prefix.length
  const word = /([a-z]+)[\s(]*$/i.exec(text.slice(0, begin))?.[1]?.toLowerCase() ?? ''
  if (OPEN.includes(word)) return undefined
  const field = VALUES[word]
  if (field) return { field, prefix, begin, end: caret }
  return prefix === '' && before !== '' && !/[\s(]$/.test(before)
    ? undefined
    : { field: 'word', prefix, begin, end: caret }
}

/** A quote that is open keeps its blanks. */
function quoted(text: string): string {
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
