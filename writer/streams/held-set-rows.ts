/**
 * Turns held data sets into rows, and rows back into held sets. It decodes nothing, and decides
 * neither what is held nor for how long.
 */

import type { BatchChanges } from '../load/tables/batch-changes.ts'
import type { HeldSetRow } from '../load/tables/held-sets.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { MessageContext } from '../netflow/flow-record.ts'
import type { HeldSet, HeldSets } from '../netflow/memory/held-sets.ts'
import type { HeldDatagrams } from './held-datagrams.ts'
import { parseAddress } from './ip-address.ts'
import type { Stream } from './stream.ts'
import type { Streams } from './streams.ts'

/** Adds what was held and released since the last batch to the changes of this one. */
export function takeHeldSets(
  heldSets: HeldSets,
  messages: HeldDatagrams,
  { heldSets: rows, expiredMessages }: BatchChanges,
): void {
  const { held, gone } = heldSets.takeChanges()
  for (const { id, set } of held) rows.written.push(rowOf(id, set, messages))
  for (const id of gone) rows.removed.push({ id })
  expiredMessages.push(...messages.takeExpired())
}

function rowOf(id: number, set: HeldSet, messages: HeldDatagrams): HeldSetRow {
  const { exporter, exportVersion, observationDomain } = set.stream
  return {
    id,
    exporter,
    exportVersion,
    observationDomain,
    templateId: set.templateId,
    sourcePort: set.sourcePort,
    receivedMicros: set.message.receivedAtMicros,
    exportedMicros: set.exportMicros,
    uptimeMs: Number.isNaN(set.uptimeMs) ? null : set.uptimeMs,
    sequence: set.sequence,
    content: set.content,
    message: messages.numberOf(set.message) ?? null,
  }
}

/** Who takes back what was held. */
export interface HeldSetOwners {
  readonly decoder: Decoder
  readonly streams: Streams
  readonly messages: HeldDatagrams
}

/** Lets the decoder hold again what it held before the writer was restarted. */
export function restoreHeldSets(
  rows: readonly HeldSetRow[],
  { decoder, streams, messages }: HeldSetOwners,
): void {
  const contexts = new Map<number, MessageContext>()
  for (const row of rows) {
    const { exporter, message: number } = row
    const bytes = parseAddress(exporter)
    const stream = bytes && streams.find({ address: exporter, bytes }, row)
    if (typeof stream !== 'object') {
      decoder.heldSets.discard(row.id)
      continue
    }
    const message = contextOf(row, stream, contexts)
    if (number !== null) messages.hold(message, { exporter, number })
    decoder.restoreHeldSet(row.id, heldSetOf(row, stream, message))
  }
}

/** Sets of one message share its context, as they did before. */
function contextOf(
  row: HeldSetRow,
  { key }: Stream,
  contexts: Map<number, MessageContext>,
): MessageContext {
  const known = row.message === null ? undefined : contexts.get(row.message)
  if (known) return known
  const context = {
    receivedAtMicros: row.receivedMicros,
    exporterBytes: key.exporterBytes,
    observationDomain: key.observationDomain,
    exportVersion: key.exportVersion,
  }
  if (row.message !== null) contexts.set(row.message, context)
  return context
}

function heldSetOf(row: HeldSetRow, { memory }: Stream, message: MessageContext): HeldSet {
  return {
    stream: memory,
    templateId: row.templateId,
    sourcePort: row.sourcePort,
    content: row.content,
    message,
    exportMicros: row.exportedMicros,
    uptimeMs: row.uptimeMs ?? Number.NaN,
    sequence: row.sequence,
  }
}
