/**
 * Writes strings as JSON for jsonb, which can hold neither NUL nor broken UTF-8. Strings of Cisco
 * AVC also have numbers before or after the text.
 */

const NUL = 0

/**
 * Writes text without the NULs after it, which fill fields of fixed width. A text with a NUL inside
 * becomes an object with all bytes in hex.
 *
 *     text in JSON = "text" | {"hex":"every byte, NULs included"}
 */
export function textJson(bytes: Buffer, offset: number, length: number): string {
  const end = endOfText(bytes, offset, offset + length)
  if (findNul(bytes, offset, end) >= 0) return bytesJson(bytes, offset, length)
  return JSON.stringify(bytes.toString('utf8', offset, end))
}

function bytesJson(bytes: Buffer, offset: number, length: number): string {
  return `{"hex":"${bytes.toString('hex', offset, offset + length)}"}`
}

function endOfText(bytes: Buffer, offset: number, end: number): number {
  let at = end
  while (at > offset && bytes[at - 1] === NUL) at--
  return at
}

/** Finds the first NUL, or −1. `indexOf` would search the whole datagram. */
function findNul(bytes: Buffer, offset: number, end: number): number {
  for (let at = offset; at < end; at++) if (bytes[at] === NUL) return at
  return -1
}

const ID_OCTETS = 6
/** No text begins with a control character. */
const FIRST_PRINTABLE = 0x20

/**
 * Writes a text that begins with an id (`appHTTPHost`), as an object with both.
 *
 *     value = id48 text      id: application id 32, field 16
 *           | text
 */
export function idTextJson(bytes: Buffer, offset: number, length: number): string {
  const textAt = offset + ID_OCTETS
  const end = endOfText(bytes, offset, offset + length)
  const hasId = end >= textAt && (bytes[offset] as number) < FIRST_PRINTABLE
  if (!hasId || findNul(bytes, textAt, end) >= 0) return textJson(bytes, offset, length)
  const text = JSON.stringify(bytes.toString('utf8', textAt, end))
  return `{"id":"${bytes.toString('hex', offset, textAt)}","text":${text}}`
}

/**
 * Writes URIs with their counts (`appHTTPUriStatistics`) as an array of objects.
 *
 *     value = (uri 0 count16)…
 *           | text
 */
export function uriCountsJson(bytes: Buffer, offset: number, length: number): string {
  const end = offset + length
  let json = ''
  let at = offset
  while (at < end) {
    const nul = findNul(bytes, at, end)
    if (nul <= at || nul + 3 > end) return textJson(bytes, offset, length)
    const uri = JSON.stringify(bytes.toString('utf8', at, nul))
    json += `${json === '' ? '' : ','}{"uri":${uri},"count":${bytes.readUInt16BE(nul + 1)}}`
    at = nul + 3
  }
  return json === '' ? '""' : `[${json}]`
}
