/** Writes IP addresses as text. */

/** Writes an IPv4 address, given as a big-endian word. */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** Writes an IPv6 address, given as four big-endian words, in eight groups without `::`. */
export function ipv6Text(a: number, b: number, c: number, d: number): string {
  return `${groups(a)}:${groups(b)}:${groups(c)}:${groups(d)}`
}

function groups(word: number): string {
  return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`
}

/** Writes an address of 4 or 16 bytes; IPv6 in eight groups without `::`. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return ipv6Text(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12))
}

/** Shortens the text of `ipv6Text` as RFC 5952 recommends, but never to a dotted tail. */
export function shortenIpv6(text: string): string {
  let start = 0
  let length = 0
  for (const { 0: zeros, index } of text.matchAll(/\b0(?::0)+\b/g)) {
    if (zeros.length <= length) continue
    start = index
    length = zeros.length
  }
  if (length === 0) return text
  const head = text.slice(0, start).replace(/:$/, '')
  const tail = text.slice(start + length).replace(/^:/, '')
  return `${head}::${tail}`
}
