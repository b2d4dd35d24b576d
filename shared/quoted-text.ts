/**
 * Quotes text from outside in a line of the log: from the pipe, from an exporter, or from the
 * database. A sender must fill neither the log nor the terminal of the person who reads it.
 */

/** Longer than any address, and than most sentences that quote a name. */
const MAX_CHARACTERS = 120

/**
 * Characters that a terminal obeys or hides: controls, line and paragraph separators, format
 * characters such as those of writing direction, private ones, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Returns the beginning of a text with every unseen character as an escape. A text that is cut ends
 * with its length: `aaaa… (60000 characters)`.
 */
export function quoteText(text: string, maxCharacters: number = MAX_CHARACTERS): string {
  if (text.length <= maxCharacters) return escapeUnseen(text)
  return `${escapeUnseen(text.slice(0, maxCharacters))}… (${text.length} characters)`
}

function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}
