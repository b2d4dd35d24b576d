/**
 * Works out when an IPFIX exporter booted that sends times since its boot (21, 22) but never says
 * when that was (160). No flow ends after its export, so the export time less the end of a flow is
 * the boot or later: the running minimum comes close to it. It keeps no state.
 */

import { IE } from '../elements/information-elements.ts'
import type { Template } from '../memory/template.ts'
import { type DatagramBytes, readUint } from '../plan/read-bytes.ts'
import { FieldRange } from './field-range.ts'
import type { RecordRange } from './record-sets.ts'

const MAX_BYTES = 8

/** Timeouts of flows are shorter: when the youngest end is older, the exporter booted anew. */
const MAX_END_AGE_MS = 3_600_000

/**
 * Takes a data set into an estimate of the boot time.
 *
 * @param estimateMs Unix milliseconds, less what the uptime has wrapped; NaN: there is none yet
 * @param exportMs export time of the message, Unix milliseconds
 * @returns the new estimate; NaN when there still is none
 */
export function estimateBoot(
  estimateMs: number,
  exportMs: number,
  template: Template,
  range: RecordRange,
): number {
  const endMs = findYoungestEnd(template, range)
  if (endMs === undefined) return estimateMs
  const candidateMs = exportMs - endMs
  // Uptimes wrap, so times of the boot are compared modulo 2³² ms.
  const laterMs = (candidateMs - estimateMs) | 0
  const isBetter = Number.isNaN(estimateMs) || laterMs < 0 || laterMs > MAX_END_AGE_MS
  return isBetter ? candidateMs : estimateMs
}

function findYoungestEnd(
  template: Template,
  { datagram, offset, end }: RecordRange,
): number | undefined {
  const found = { endMs: undefined as number | undefined }
  let at = offset
  while (at >= 0 && at + template.recordLength <= end) {
    at = readRecord(template, datagram, at, { end, found })
  }
  return found.endMs
}

/** Reads over one record; gives where it ends, or −1 when it would reach beyond the set. */
function readRecord(
  { presentFields }: Template,
  { view }: DatagramBytes,
  offset: number,
  { end, found }: { readonly end: number; readonly found: { endMs: number | undefined } },
): number {
  const range = new FieldRange()
  let at = offset
  for (const field of presentFields) {
    const next = range.find(view, field.length, at, end)
    if (next < 0) return -1
    if (field.id === IE.flowEndSysUpTime && field.enterprise === 0 && field.length <= MAX_BYTES) {
      const endMs = readUint(view, range.offset, range.length) >>> 0
      if (found.endMs === undefined || ((endMs - found.endMs) | 0) > 0) found.endMs = endMs
    }
    at = next
  }
  return at
}
