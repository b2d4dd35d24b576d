/** Turns held data sets into table rows, and rows back into held sets. */

import type { BatchChanges } from '../load/tables/batch-changes.ts'
import type { HeldSetRow } from '../load/tables/held-sets.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { MessageContext } from '../netflow/flow-record.ts'
import type { HeldSet, HeldSets } from '../netflow/memory/held-sets.ts'
import type { HeldDatagrams } from './held-datagrams.ts'
import { parseAddress } from './ip-address.ts'
import type { Stream } from './stream.ts'
import type { Streams } from './streams.ts'

/** Moves the changes of the held sets since the last batch into the changes of this batch. */
export function takeHeldSets(
  heldSets: HeldSets,
  heldDatagrams: HeldDatagrams,
  { heldSets: rows, expiredMessages }: BatchChanges,
): void {
  const { held, gone } = heldSets.takeChanges()
  for (const { id, set } of held) rows.written.push(rowOf(id, set, heldDatagrams))
  for (const id of gone) rows.removed.push({ id })
  expiredMessages.push(...heldDatagrams.takeExpired())
}

function rowOf(id: number, set: HeldSet, heldDatagrams: HeldDatagrams): HeldSetRow {
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
    message: heldDatagrams.numberOf(set.message) ?? null,
  }
}

/** The objects that restored held sets go back to. */
interface HeldSetOwners {
  readonly decoder: Decoder
  readonly streams: Streams
  readonly heldDatagrams: HeldDatagrams
}

/** Lets the decoder hold the sets again that it held before a restart of the writer. */
export function restoreHeldSets(
  rows: readonly HeldSetRow[],
  { decoder, streams, heldDatagrams }: HeldSetOwners,
): void {
  const contexts = new Map<number, MessageContext>()
  for (const row of rows) {
    const { exporter, message: number } = row
    const bytes = parseAddress(exporter)
    const stream = bytes && streams.find({ address: exporter, bytes }, row)
    if (stream === undefined) {
      decoder.heldSets.discard(row.id)
      continue
    }
    const message = contextOf(row, stream, contexts)
    const heldAtMs = row.receivedMicros / 1000
    if (number !== null) heldDatagrams.hold(message, { exporter, number, heldAtMs })
    decoder.restoreHeldSet(row.id, heldSetOf(row, stream, message))
  }
}

/** Sets of one message share its context again: `HeldDatagrams` finds the datagram by it. */
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
