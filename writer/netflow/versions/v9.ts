/** Decodes the sets of a NetFlow v9 message, each on its own (RFC 3954 section 5). */

import type { MessageContext } from '../flow-record.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import type { DataSets } from '../records/data-sets.ts'
import type { RecordRange } from '../records/record-sets.ts'
import { readV9OptionsTemplateSet, readV9TemplateSet } from './v9-templates.ts'

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
  { datagram, offset, end }: RecordRange,
  stream: StreamMemory,
  message: MessageContext,
): void {
  const { result } = sets
  const { view } = datagram
  let at = offset
  while (at + SET_HEADER_BYTES <= end) {
    const setId = view.getUint16(at)
    const length = view.getUint16(at + 2)
    // Some exporters fill up their datagrams with zeros.
    if (setId === 0 && length === 0) return
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
    const content = { datagram, offset: at + SET_HEADER_BYTES, end: Math.min(at + length, end) }
    decodeSet(sets, setId, content, { stream, message })
    at += length
  }
}

function decodeSet(
  sets: DataSets,
  setId: number,
  content: RecordRange,
  { stream, message }: { readonly stream: StreamMemory; readonly message: MessageContext },
): void {
  if (setId >= FIRST_DATA_SET_ID) {
    sets.decode(setId, content, stream, message)
    return
  }
  const { result } = sets
  const set = { view: content.datagram.view, offset: content.offset, end: content.end }
  const release = (template: Template) => sets.releaseSets(template, stream, message)
  if (setId === TEMPLATE_SET_ID) {
    stream.lastTemplateMicros = message.receivedAtMicros
    readV9TemplateSet(set, stream, result, release)
  } else if (setId === OPTIONS_TEMPLATE_SET_ID) {
    stream.lastTemplateMicros = message.receivedAtMicros
    readV9OptionsTemplateSet(set, stream, result, release)
  } else {
    result.malformedSets += 1
    result.report('reserved-set-id', setId, `set ${setId}`)
  }
}
