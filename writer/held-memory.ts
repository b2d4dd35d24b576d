/**
 * Turns held data sets into rows, and rows back into held sets. It decodes nothing, and decides
 * neither what is held nor for how long.
 */

import { parseAddress } from './exporters/address-bytes.ts'
import type { BatchChanges, HeldSetRow } from './load/batch-changes.ts'
import type { Decoder } from './netflow/decode.ts'
import type { HeldSet, HeldSets } from './netflow/held-sets.ts'
import type { StreamState } from './stream-state.ts'
import type { Streams } from './streams.ts'

/** Adds what was held and released since the last batch to the changes of this one. */
export function takeHeldSets(heldSets: HeldSets, { heldSets: rows }: BatchChanges): void {
  const { held, gone } = heldSets.takeChanges()
  for (const { id, set } of held) rows.written.push(rowOf(id, set))
  for (const id of gone) rows.removed.push({ id })
}

function rowOf(id: number, set: HeldSet): HeldSetRow {
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
  }
}

/** Lets the decoder hold again what it held before the writer was restarted. */
export function restoreHeldSets(
  rows: readonly HeldSetRow[],
  decoder: Decoder,
  streams: Streams,
): void {
  for (const row of rows) {
    const bytes = parseAddress(row.exporter)
    const stream = bytes && streams.find({ address: row.exporter, bytes }, row)
    if (stream) decoder.restoreHeldSet(row.id, heldSetOf(row, stream))
    else decoder.heldSets.discard(row.id)
  }
}

function heldSetOf(row: HeldSetRow, { decoding, identity }: StreamState): HeldSet {
  return {
    stream: decoding,
    templateId: row.templateId,
    sourcePort: row.sourcePort,
    content: row.content,
    message: {
      receivedAtMicros: row.receivedMicros,
      exporterBytes: identity.exporterBytes,
      observationDomain: identity.observationDomain,
      exportVersion: identity.exportVersion,
    },
    exportMicros: row.exportedMicros,
    uptimeMs: row.uptimeMs ?? Number.NaN,
    sequence: row.sequence,
  }
}
