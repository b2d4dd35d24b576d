/**
 * Makes texts from the network harmless: names of interfaces, applications and hosts may hold control
 * characters, escape sequences of terminals, and marks that turn the direction of writing.
 */

/**
 * Controls (C0, C1, DEL), marks without width, marks of direction, separators of lines, unpaired
 * surrogates, characters for private use and tags.
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]/gu

/** Writes unsafe characters as their numbers, as in \u202e. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16)
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
  })
}

/** Does the same in the text of a JSON value, which stays valid and keeps its meaning. */
export function safeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    [...character.split('')]
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
