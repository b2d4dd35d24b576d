/**
 * What the sequence number of a message counts, by export version, and how far one message moves
 * it. It keeps no state.
 */

/**
 * What a sequence number counts; stored in SQL under these names. `records` are data records,
 * options data records included; `records+templates` is no standard's unit, but some exporters
 * count so.
 */
export type SequenceUnit = 'none' | 'flows' | 'datagrams' | 'records' | 'records+templates'

/** What a message holds, as far as sequence numbers count it. */
export interface MessageCounts {
  /** v5 to v8: the count of the header. v9, IPFIX: decoded data and options data records. */
  readonly dataRecords: number
  /** Templates and options templates in the message. */
  readonly templateRecords: number
  /** Data sets whose number of records is unknown: held for a template, or malformed. */
  readonly undecodedSets: number
}

const FLOW_UNITS = ['flows', 'datagrams', 'none'] as const
const V9_UNITS = ['datagrams', 'records', 'records+templates', 'none'] as const
const IPFIX_UNITS = ['records', 'datagrams', 'records+templates', 'none'] as const
const NO_UNITS = ['none'] as const

/** The units that exporters of a version are known to use; the standard one stands first. */
export function knownUnits(exportVersion: number): readonly [SequenceUnit, ...SequenceUnit[]] {
  if (exportVersion === 1) return NO_UNITS
  if (exportVersion === 9) return V9_UNITS
  return exportVersion === 10 ? IPFIX_UNITS : FLOW_UNITS
}

/** How far a message moves the sequence number, as far as its records are known. */
export function countUnits(unit: SequenceUnit, message: MessageCounts): number {
  switch (unit) {
    case 'flows':
    case 'records':
      return message.dataRecords
    case 'datagrams':
      return 1
    case 'records+templates':
      return message.dataRecords + message.templateRecords
    case 'none':
      return 0
  }
}

/** Tells whether undecoded sets leave it open how far the message moves the sequence number. */
export function isIndeterminate(unit: SequenceUnit, message: MessageCounts): boolean {
  return message.undecodedSets > 0 && unit !== 'datagrams' && unit !== 'none'
}
