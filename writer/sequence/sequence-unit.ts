/** The units of sequence numbers by export version, and the numbers that a message stands for. */

/**
 * A unit of loss, stored in SQL under this name. `flows` are flow records. `records` are all data
 * records, including options data records. `sets` are data sets. `bidirectional-flows` are flow
 * entries of which each is one or two records. No standard defines `records+templates`, `sets` or
 * `bidirectional-flows`, but some exporters count that way.
 */
export type CountedUnit =
  | 'none'
  | 'flows'
  | 'datagrams'
  | 'records'
  | 'records+templates'
  | 'sets'
  | 'bidirectional-flows'

/**
 * The unit of a stream's sequence numbers. By every standard, a number counts the units sent before
 * its message. With `-inclusive` it also counts the units in the message, as softflowd does.
 */
export type SequenceUnit =
  | CountedUnit
  | 'flows-inclusive'
  | 'records-inclusive'
  | 'bidirectional-flows-inclusive'

/** All units, as operators may name them. */
export const SEQUENCE_UNITS = [
  'none',
  'flows',
  'flows-inclusive',
  'datagrams',
  'records',
  'records-inclusive',
  'records+templates',
  'sets',
  'bidirectional-flows',
  'bidirectional-flows-inclusive',
] as const satisfies readonly SequenceUnit[]

/** How an operator wants the numbers of an exporter to be followed; `off` is the unit `none`. */
export type SequenceCheck = 'auto' | 'off' | SequenceUnit

/** Reads the setting of an operator; a text that is not known here is `auto`. */
export function parseSequenceCheck(text: string): SequenceCheck {
  if (text === 'off') return text
  return SEQUENCE_UNITS.find((unit) => unit === text) ?? 'auto'
}

/** The contents of a message that sequence numbers may count. */
export interface MessageCounts {
  /** v5 to v8: the count in the header. v9 and IPFIX: decoded data records, including options. */
  readonly dataRecords: number
  /** Options data records among `dataRecords`. */
  readonly optionsRecords: number
  /** Templates and options templates in the message. */
  readonly templateRecords: number
  /** Data sets in the message, decoded or held. */
  readonly dataSets: number
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
  'sets',
  'bidirectional-flows',
  'bidirectional-flows-inclusive',
  'none',
] as const
const IPFIX_UNITS = [
  'records',
  'flows-inclusive',
  'flows',
  'datagrams',
  'records+templates',
  'records-inclusive',
  'sets',
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
  if (unit === 'bidirectional-flows-inclusive') return 'bidirectional-flows'
  return unit === 'records-inclusive' ? 'records' : unit
}

/** Whether a number also counts the units in its own message. */
export function isInclusive(unit: SequenceUnit): boolean {
  return (
    unit === 'flows-inclusive' ||
    unit === 'records-inclusive' ||
    unit === 'bidirectional-flows-inclusive'
  )
}

/** Counts the units in a message, at most; undecoded sets count nothing. */
export function countUnits(unit: SequenceUnit, message: MessageCounts): number {
  switch (unit) {
    case 'flows':
    case 'flows-inclusive':
    case 'bidirectional-flows':
    case 'bidirectional-flows-inclusive':
      return message.dataRecords - message.optionsRecords
    case 'records':
    case 'records-inclusive':
      return message.dataRecords
    case 'datagrams':
      return 1
    case 'records+templates':
      return message.dataRecords + message.templateRecords
    case 'sets':
      return message.dataSets + message.templateRecords
    case 'none':
      return 0
  }
}

/** Whether a unit has slack: see `countSlack`. */
export function hasSlack(unit: SequenceUnit): boolean {
  return (
    unit === 'sets' || unit === 'bidirectional-flows' || unit === 'bidirectional-flows-inclusive'
  )
}

/**
 * Counts how many units fewer a message may hold than `countUnits` says; 0 for most units. A pair
 * of records may be one bidirectional flow. A counter of sets may leave template sets out, and one
 * such set may hold several templates.
 */
export function countSlack(unit: SequenceUnit, message: MessageCounts): number {
  if (!hasSlack(unit)) return 0
  if (unit === 'sets') return message.templateRecords
  return (message.dataRecords - message.optionsRecords) >> 1
}

/**
 * Returns the first number of a message, which is the expected number if nothing was lost. Where
 * the unit has slack, it is the lowest one possible.
 */
export function startOf(unit: SequenceUnit, message: CountedMessage): number {
  if (!isInclusive(unit)) return message.sequence
  return (message.sequence - countUnits(unit, message)) >>> 0
}

/** Returns the first number after a message; where the unit has slack, the highest one possible. */
export function endOf(unit: SequenceUnit, message: CountedMessage): number {
  if (isInclusive(unit)) return message.sequence
  return (message.sequence + countUnits(unit, message)) >>> 0
}

/**
 * Returns the distance between the numbers of two messages with no loss between them. Where the
 * unit has slack, it is the greatest one possible.
 */
export function stepOf(
  unit: SequenceUnit,
  previous: MessageCounts,
  message: MessageCounts,
): number {
  return countUnits(unit, isInclusive(unit) ? message : previous)
}

/** Returns by how much the distance may be smaller than `stepOf` says. */
export function stepSlackOf(
  unit: SequenceUnit,
  previous: MessageCounts,
  message: MessageCounts,
): number {
  return countSlack(unit, isInclusive(unit) ? message : previous)
}

/** Whether the numbers of a message are unknown because of its undecoded sets. */
export function isIndeterminate(unit: SequenceUnit, message: MessageCounts): boolean {
  return message.undecodedSets > 0 && unit !== 'datagrams' && unit !== 'none' && unit !== 'sets'
}
