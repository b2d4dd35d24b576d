/** The fault of a filter, its place, and the words that are possible there. */

/** A filter that cannot be used; `code` is `BAD_FILTER`. */
export class FilterError extends Error {
  readonly code = 'BAD_FILTER'
  /** The offset in the text. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.name = 'FilterError'
    this.position = position
  }
}

const CONTEXT = 60

/** Formats the error with the text around its place, and a mark below it. */
export function formatFilterError(text: string, { message, position }: FilterError): string {
  const from = Math.max(0, position - CONTEXT)
  // Every character becomes one column wide, so that the mark is below its place.
  const shown = text.slice(from, position + CONTEXT).replace(/[^\x20-\x7e\u00a1-\u024f]/g, '?')
  return `filter: ${message}\n  ${shown}\n  ${' '.repeat(position - from)}^`
}

/** Shown instead of the words that begin a test: a list of all would help nobody. */
const EXAMPLES = 'a test, such as "host 192.0.2.1", "dst port 443" or "proto tcp"'
const HIDDEN = new Set(['white space', 'end of input', '-', '!'])
/** Where more words than this are expected, a test may begin. */
const MANY = 12
/** Matches descriptions, such as "a number". All else is a word of the language. */
const DESCRIPTION = /^an? |[a-z],? /
const CONNECTIVES = new Set(['and', 'or', 'not', '(', ')'])

/** Returns an error that names what the parser expected. */
export function syntaxError(
  text: string,
  failure: { readonly position: number; readonly expected: readonly string[] },
): FilterError {
  const { position } = failure
  const found = /^[\w.:/-]+|^[^\s]/.exec(text.slice(position))?.[0]
  const expected = [...new Set(failure.expected)].filter((word) => !HIDDEN.has(word))
  const isTest = expected.length > MANY
  const shown = isTest ? expected.filter((word) => CONNECTIVES.has(word)) : expected
  const words = shown.map((word) => (DESCRIPTION.test(word) ? word : `"${word}"`))
  if (isTest) words.unshift(EXAMPLES)
  const near = found === undefined ? undefined : findNearest(found, expected)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  const what = found === undefined ? 'the filter ends too early' : `"${found}" cannot stand here`
  return new FilterError(`${what}: expected ${listWords(words)}${hint}`, position)
}

/** Lists alternatives: a, b or c. */
function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/**
 * Finds the word that was meant, where one letter is wrong; of several, the one that begins most
 * alike.
 */
function findNearest(found: string, words: readonly string[]): string | undefined {
  const alike = (word: string) => [...word].findIndex((letter, index) => letter !== found[index])
  const score = (word: string) => (alike(word) === -1 ? word.length : alike(word))
  return words.filter((word) => isNear(found, word)).sort((a, b) => score(b) - score(a))[0]
}

/** Whether words differ by one letter (more, less or another), or by two exchanged letters. */
function isNear(found: string, word: string): boolean {
  const a = found.toLowerCase()
  if (word.length < 2 || word.includes(' ') || Math.abs(a.length - word.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === word[start]) start += 1
  const [restA, restB] = [a.slice(start), word.slice(start)]
  const swapped = `${restA[1] ?? ''}${restA[0] ?? ''}${restA.slice(2)}`
  return (
    restA.slice(1) === restB.slice(1) ||
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    swapped === restB
  )
}
