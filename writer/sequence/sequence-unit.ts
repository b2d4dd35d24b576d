/**
 * What the sequence number of a message counts, by export version, and which numbers a message
 * stands for. It keeps no state.
 */

/**
 * What is counted, and lost; stored in SQL under these names. `flows` are flow records, `records` all data records, those of options included;
 * `records+templates` is no standard's unit, but some exporters count so.
 */
export type CountedUnit = 'none' | 'flows' | 'datagrams' | 'records' | 'records+templates'

/**
 * What a sequence number counts. By every standard it tells what
 * was sent before its message. `-inclusive`: it counts what is in the message, too (softflowd).
 */
export type SequenceUnit = CountedUnit | 'flows-inclusive' | 'records-inclusive'

/** What a message holds, as far as sequence numbers count it. */
export interface MessageCounts {
  /** v5 to v8: the count of the header. v9, IPFIX: decoded data records, those of options included. */
  readonly dataRecords: number
  /** Of these, options data records. */
  readonly optionsRecords: number
  /** Templates and options templates in the message. */
  readonly templateRecords: number
  /** Data sets whose number of records is unknown: held for a template, or malformed. */
  readonly undecodedSets: number
}

/** A message with its number. */
export interface CountedMessage extends MessageCounts {
  readonly sequence: number
}

// Where several fit equally well, the one that stands first is taken.
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

/** The units that exporters of a version are known to use; the standard one stands first. */
export function knownUnits(exportVersion: number): readonly [SequenceUnit, ...SequenceUnit[]] {
  if (exportVersion === 1) return NO_UNITS
  if (exportVersion === 9) return V9_UNITS
  return exportVersion === 10 ? IPFIX_UNITS : FLOW_UNITS
}

/** What is counted, whether or not the message itself is in its number. */
export function countedUnit(unit: SequenceUnit): CountedUnit {
  if (unit === 'flows-inclusive') return 'flows'
  return unit === 'records-inclusive' ? 'records' : unit
}

/** Tells whether a number counts what is in its message, too. */
export function isInclusive(unit: SequenceUnit): boolean {
  return unit === 'flows-inclusive' || unit === 'records-inclusive'
}

/** How many units a message holds, as far as its records are known. */
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

/** The first number that a message stands for: the one that was expected if nothing was lost. */
export function startOf(unit: SequenceUnit, message: CountedMessage): number {
  if (!isInclusive(unit)) return message.sequence
  return (message.sequence - countUnits(unit, message)) >>> 0
}

/** The first number behind a message. */
export function endOf(unit: SequenceUnit, message: CountedMessage): number {
  if (isInclusive(unit)) return message.sequence
  return (message.sequence + countUnits(unit, message)) >>> 0
}

/** How far apart the numbers of two messages are when nothing was lost between them. */
export function stepOf(
  unit: SequenceUnit,
  previous: MessageCounts,
  message: MessageCounts,
): number {
  return countUnits(unit, isInclusive(unit) ? message : previous)
}

/** Tells whether undecoded sets leave it open which numbers a message stands for. */
export function isIndeterminate(unit: SequenceUnit, message: MessageCounts): boolean {
  return message.undecodedSets > 0 && unit !== 'datagrams' && unit !== 'none'
}
