/** The units of sequence numbers by export version, and the numbers that a message stands for. */

/**
 * A unit of loss, stored in SQL under this name. `flows` are flow records. `records` are all data
 * records, including options data records. No standard defines `records+templates`, but some
 * exporters count that way.
 */
export type CountedUnit = 'none' | 'flows' | 'datagrams' | 'records' | 'records+templates'

/**
 * The unit of a stream's sequence numbers. By every standard, a number counts the units sent before
 * its message. With `-inclusive` it also counts the units in the message, as softflowd does.
 */
export type SequenceUnit = CountedUnit | 'flows-inclusive' | 'records-inclusive'

/** The contents of a message that sequence numbers may count. */
export interface MessageCounts {
  /** v5 to v8: the count in the header. v9 and IPFIX: decoded data records, including options. */
  readonly dataRecords: number
  /** Options data records among `dataRecords`. */
  readonly optionsRecords: number
  /** Templates and options templates in the message. */
  readonly templateRecords: number
  /** Data sets whose number of records is unknown: held for a template, or malformed. */
  readonly undecodedSets: number
}

/** A message with its sequence number. */
export interface CountedMessage extends MessageCounts {
  readonly sequence: number
}

// Each list is in order of preference: of several units that fit equally well, the first one wins.
const FLOW_UNITS = ['flows', 'datagrams', 'flows-inclusive', 'none'] as const
const V9_UNITS = [
  'datagrams',
  'records',
  'flows',
  'records+templates',
  'flows-inclusive',
  'records-inclusive',
  'none',
] as const
const IPFIX_UNITS = [
  'records',
  'flows-inclusive',
  'flows',
  'datagrams',
  'records+templates',
  'records-inclusive',
  'none',
] as const
const NO_UNITS = ['none'] as const

/** Returns the units that exporters of a version use; the first one is the standard's. */
export function knownUnits(exportVersion: number): readonly [SequenceUnit, ...SequenceUnit[]] {
  if (exportVersion === 1) return NO_UNITS
  if (exportVersion === 9) return V9_UNITS
  return exportVersion === 10 ? IPFIX_UNITS : FLOW_UNITS
}

/** Returns the unit of loss: an inclusive unit without its suffix. */
export function countedUnit(unit: SequenceUnit): CountedUnit {
  if (unit === 'flows-inclusive') return 'flows'
  return unit === 'records-inclusive' ? 'records' : unit
}

/** Whether a number also counts the units in its own message. */
export function isInclusive(unit: SequenceUnit): boolean {
  return unit === 'flows-inclusive' || unit === 'records-inclusive'
}

/** Counts the units in a message; undecoded sets count nothing. */
export function countUnits(unit: SequenceUnit, message: MessageCounts): number {
  switch (unit) {
    case 'flows':
    case 'flows-inclusive':
      return message.dataRecords - message.optionsRecords
    case 'records':
    case 'records-inclusive':
      return message.dataRecords
    case 'datagrams':
      return 1
    case 'records+templates':
      return message.dataRecords + message.templateRecords
    case 'none':
      return 0
  }
}

/** Returns the first number of a message, which is the expected number if nothing was lost. */
export function startOf(unit: SequenceUnit, message: CountedMessage): number {
  if (!isInclusive(unit)) return message.sequence
  return (message.sequence - countUnits(unit, message)) >>> 0
}

/** Returns the first number after a message. */
export function endOf(unit: SequenceUnit, message: CountedMessage): number {
  if (isInclusive(unit)) return message.sequence
  return (message.sequence + countUnits(unit, message)) >>> 0
}

/** Returns the distance between the numbers of two messages with no loss between them. */
export function stepOf(
  unit: SequenceUnit,
  previous: MessageCounts,
  message: MessageCounts,
): number {
  return countUnits(unit, isInclusive(unit) ? message : previous)
}

/** Whether the numbers of a message are unknown because of its undecoded sets. */
export function isIndeterminate(unit: SequenceUnit, message: MessageCounts): boolean {
  return message.undecodedSets > 0 && unit !== 'datagrams' && unit !== 'none'
}
