/** Splits a JSON object without reading its numbers, which may be exact beyond 2⁵³. */

import assert from 'node:assert/strict'

/**
 * Returns the members of a JSON object as texts by name.
 *
 * @throws when a name occurs twice: the first of the two values would be lost
 */
export function jsonMembers(text: string): Record<string, string> {
  const members: Record<string, string> = {}
  let at = 1
  while (at < text.length - 1) {
    const colon = endOfValue(text, at)
    const name = String(JSON.parse(text.slice(at, colon)))
    const end = endOfValue(text, colon + 1)
    assert.ok(!Object.hasOwn(members, name), `${name} occurs twice in ${text}`)
    members[name] = text.slice(colon + 1, end)
    at = end + 1
  }
  return members
}

/** Returns the items of a JSON array as texts. */
export function jsonItems(text: string): string[] {
  const items: string[] = []
  for (let at = 1; at < text.length - 1; ) {
    const end = endOfValue(text, at)
    items.push(text.slice(at, end))
    at = end + 1
  }
  return items
}

/** Finds the end of the value (or name) at `start`, before the separator. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const letter = text[at] as string
    if (letter === '"') at = endOfString(text, at)
    else if ('{['.includes(letter)) depth += 1
    else if (depth === 0 && ',:}]'.includes(letter)) return at
    else if ('}]'.includes(letter)) depth -= 1
  }
  return text.length
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
