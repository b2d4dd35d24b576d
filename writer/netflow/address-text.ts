/**
 * Writes IP addresses as text: IPv4 dotted, IPv6 as RFC 5952 and PostgreSQL's `inet` write it. So
 * an address in `extra` equals `host(src_addr)` of the same address.
 */

/** Writes an IPv4 address, given as a big-endian word. */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

const GROUPS = 8
/** Reused for every address. */
const groups = new Uint16Array(GROUPS)

/**
 * Writes an IPv6 address, given as four big-endian words (RFC 5952).
 *
 *     text = lower-case groups without leading zeros; `::` for the longest run of two or more zero
 *            groups, the first of equal ones; the last 32 bits dotted below ::/96 and ::ffff:0:0/96
 */
export function ipv6Text(a: number, b: number, c: number, d: number): string {
  groups[0] = a >>> 16
  groups[1] = a
  groups[2] = b >>> 16
  groups[3] = b
  groups[4] = c >>> 16
  groups[5] = c
  groups[6] = d >>> 16
  groups[7] = d
  let runStart = GROUPS
  let runLength = 1
  for (let at = 0; at < GROUPS; at++) {
    if (groups[at] !== 0) continue
    const start = at
    while (groups[at + 1] === 0) at++
    if (at + 1 - start <= runLength) continue
    runStart = start
    runLength = at + 1 - start
  }
  if (runStart === GROUPS) return joinGroups(0, GROUPS)
  const hasIpv4 = runLength === 6 || (runLength === 5 && groups[5] === 0xffff)
  if (runStart === 0 && hasIpv4) return `${runLength === 6 ? '::' : '::ffff:'}${ipv4Text(d)}`
  return `${joinGroups(0, runStart)}::${joinGroups(runStart + runLength, GROUPS)}`
}

function joinGroups(from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) {
    const group = (groups[at] as number).toString(16)
    text += at === from ? group : `:${group}`
  }
  return text
}

/** Writes the IPv6 address at `offset` of `view`. */
export function ipv6TextAt(view: DataView, offset: number): string {
  return ipv6Text(
    view.getUint32(offset),
    view.getUint32(offset + 4),
    view.getUint32(offset + 8),
    view.getUint32(offset + 12),
  )
}

/** Writes an address of 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  return ipv6TextAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0)
}
