/**
 * Estimates the boot time of an IPFIX exporter that sends uptimes (`flowStartSysUpTime`,
 * `flowEndSysUpTime`) but no boot time (`systemInitTimeMilliseconds`). No flow ends after its
 * export, so export time minus flow end is the boot time or later. The running minimum comes close
 * to it.
 */

import { IE } from '../elements/information-elements.ts'
import type { Template } from '../memory/template.ts'
import { type ByteRange, type DatagramBytes, readUint } from '../plan/read-bytes.ts'
import { FieldRange } from './field-range.ts'

const MAX_BYTES = 8

/** Longer than timeouts of flows: if the youngest end is older, the exporter has rebooted. */
const MAX_END_AGE_MS = 3_600_000

/**
 * Improves an estimate of the boot time by the flows of a data set.
 *
 * @param estimateMs Unix milliseconds, off by the wraps of the uptime; NaN: no estimate yet
 * @param exportMs export time of the message, Unix milliseconds
 * @returns the new estimate; NaN: still none
 */
export function estimateBoot(
  estimateMs: number,
  exportMs: number,
  template: Template,
  range: ByteRange,
): number {
  const endMs = findYoungestEnd(template, range)
  if (endMs === undefined) return estimateMs
  const candidateMs = exportMs - endMs
  // Uptimes wrap, so boot times are compared modulo 2³² ms.
  const laterMs = (candidateMs - estimateMs) | 0
  const isBetter = Number.isNaN(estimateMs) || laterMs < 0 || laterMs > MAX_END_AGE_MS
  return isBetter ? candidateMs : estimateMs
}

function findYoungestEnd(
  template: Template,
  { datagram, offset, end }: ByteRange,
): number | undefined {
  const found = { endMs: undefined as number | undefined }
  let at = offset
  while (at >= 0 && at + template.recordLength <= end) {
    at = readRecord(template, datagram, at, { end, found })
  }
  return found.endMs
}

/**
 * Reads one record.
 *
 * @returns where the record ends, or −1 when it reaches beyond the set
 */
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
