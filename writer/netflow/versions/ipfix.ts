/** Decodes the sets of an IPFIX message (RFC 7011 section 3). */

import type { MessageContext } from '../flow-record.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { ByteRange } from '../plan/read-bytes.ts'
import type { DataSets } from '../records/data-sets.ts'
import { findMalformation, SET_HEADER_BYTES } from './ipfix-structure.ts'
import { IPFIX_SET, readIpfixTemplateSet } from './ipfix-templates.ts'
import type { CurrentMessage } from './template-sets.ts'
import { noteTrailingBytes } from './trailing-bytes.ts'

/**
 *     IPFIX message = header set…
 *     set           = setId16 length16 content          length includes these four bytes
 *     setId         = 2 template set | 3 options template set | 256… data set of that template
 *
 * @param content the bytes after the header, up to the length in the header
 */
export function decodeIpfix(
  sets: DataSets,
  content: ByteRange,
  stream: StreamMemory,
  message: MessageContext,
): void {
  const { result } = sets
  const { datagram, end } = content
  const malformation = findMalformation(content, stream)
  if (malformation !== undefined) {
    result.isDiscarded = true
    result.countBrokenSet()
    result.report('malformed-message', 0, malformation)
    return
  }
  sets.records.reader.times.bootMs = stream.systemInitMs
  const { view } = datagram
  const current = { sets, stream, message }
  let at = content.offset
  while (at + SET_HEADER_BYTES <= end) {
    const length = view.getUint16(at + 2)
    if (length < SET_HEADER_BYTES) return
    const set = { datagram, offset: at + SET_HEADER_BYTES, end: at + length }
    decodeSet(view.getUint16(at), set, current)
    at += length
  }
  if (at < end) noteTrailingBytes(view, at, end, result)
}

function decodeSet(setId: number, content: ByteRange, current: CurrentMessage): void {
  const { sets, stream, message } = current
  const { result } = sets
  if (setId >= IPFIX_SET.firstData) {
    sets.decode(setId, content, stream, message)
  } else if (setId === IPFIX_SET.template || setId === IPFIX_SET.optionsTemplate) {
    stream.lastTemplateMicros = message.receivedAtMicros
    readIpfixTemplateSet(setId, content, current)
  } else {
    result.malformedSets += 1
    result.report('reserved-set-id', setId, `set ${setId}`)
  }
}
