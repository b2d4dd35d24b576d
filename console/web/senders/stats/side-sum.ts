/** Sums of traffic in one direction, read from rows of the statements. Pure. */

import type { Row } from '../../../query/sql.ts'

/** The traffic of a pair in one direction, scaled by the sampling rate. */
export interface SideSum {
  /** null: no flow had the counter. */
  bytes: bigint | null
  packets: bigint | null
  flows: bigint
  /** Whether a flow had a sampling rate other than 1. */
  sampled: boolean
  /** Bytes that may be missing: flows are dropped, and their lists do not always have the value. */
  leftOut: bigint
}

/** Reads the sums of a row. */
export function readSideSum(row: Row): SideSum {
  return {
    bytes: counterOf(row['bytes']),
    packets: counterOf(row['packets']),
    flows: BigInt(row['flows'] ?? 0),
    sampled: row['sampled'] === 'true',
    leftOut: BigInt(row['left_out'] ?? 0),
  }
}

/** Adds the second sum to the first. */
export function addSideSum(
  to: SideSum,
  { bytes, packets, flows, sampled, leftOut }: SideSum,
): void {
  to.bytes = addCounters(to.bytes, bytes)
  to.packets = addCounters(to.packets, packets)
  to.flows += flows
  to.sampled ||= sampled
  to.leftOut += leftOut
}

function counterOf(text: string | null | undefined): bigint | null {
  return text === null || text === undefined ? null : BigInt(text)
}

function addCounters(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null) return other
  return other === null ? one : one + other
}
