/** Decodes the sets of a NetFlow v9 message, each on its own (RFC 3954 section 5). */

import type { MessageContext } from '../flow-record.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { ByteRange } from '../plan/read-bytes.ts'
import type { DataSets } from '../records/data-sets.ts'
import { V9_HEADER_BYTES } from './message-header.ts'
import type { CurrentMessage } from './template-sets.ts'
import { noteTrailingBytes } from './trailing-bytes.ts'
import { readV9OptionsTemplateSet, readV9TemplateSet } from './v9-templates.ts'

/** The version in the header of a second message; as a set id it is reserved. */
const V9 = 9
const FIRST_DATA_SET_ID = 256
const TEMPLATE_SET_ID = 0
const OPTIONS_TEMPLATE_SET_ID = 1
const SET_HEADER_BYTES = 4

/**
 *     v9 message = header set…
 *     set        = setId16 length16 content            length includes these four bytes
 *     setId      = 0 template set | 1 options template set | 256… data set of that template
 *
 * The header's count is not used: exporters count different things.
 *
 * @param content the bytes after the header
 */
export function decodeV9(
  sets: DataSets,
  content: ByteRange,
  stream: StreamMemory,
  message: MessageContext,
): void {
  const { result } = sets
  const current = { sets, stream, message }
  const { datagram, offset, end } = content
  const { view } = datagram
  let at = offset
  while (at + SET_HEADER_BYTES <= end) {
    const setId = view.getUint16(at)
    const length = view.getUint16(at + 2)
    // Some exporters fill up their datagrams with zeros.
    if (setId === 0 && length === 0) break
    if (setId === V9 && isSecondMessage(content, at)) break
    if (length < SET_HEADER_BYTES) {
      result.countBrokenSet()
      result.report('set-too-short', setId, `set ${setId} has a length of ${length}`)
      return
    }
    if (at + length > end) {
      result.countBrokenSet()
      const room = end - at
      result.report('set-overruns-message', setId, `set ${setId}: ${length} bytes, ${room} left`)
    }
    const set = { datagram, offset: at + SET_HEADER_BYTES, end: Math.min(at + length, end) }
    decodeSet(setId, set, current)
    at += length
  }
  if (at < end) noteTrailingBytes(view, at, end, result)
}

const MAX_SECONDS_APART = 60

/**
 * Whether another header of v9 is where a set should begin, with the source id and about the time of
 * the message. Read as sets, the second message would be garbage.
 */
function isSecondMessage({ datagram, offset, end }: ByteRange, at: number): boolean {
  if (at + V9_HEADER_BYTES > end) return false
  const { view } = datagram
  const header = offset - V9_HEADER_BYTES
  const secondsApart = Math.abs(view.getUint32(at + 8) - view.getUint32(header + 8))
  const isSameSource = view.getUint32(at + 16) === view.getUint32(header + 16)
  return isSameSource && secondsApart <= MAX_SECONDS_APART
}

function decodeSet(setId: number, content: ByteRange, current: CurrentMessage): void {
  const { sets, stream, message } = current
  if (setId >= FIRST_DATA_SET_ID) {
    sets.decode(setId, content, stream, message)
    return
  }
  const { result } = sets
  if (setId === TEMPLATE_SET_ID) {
    stream.lastTemplateMicros = message.receivedAtMicros
    readV9TemplateSet(content, current)
  } else if (setId === OPTIONS_TEMPLATE_SET_ID) {
    stream.lastTemplateMicros = message.receivedAtMicros
    readV9OptionsTemplateSet(content, current)
  } else {
    result.malformedSets += 1
    result.report('reserved-set-id', setId, `set ${setId}`)
  }
}
