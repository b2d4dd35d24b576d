/** How an operator wants the sequence numbers of an exporter to be followed. */

import { SEQUENCE_UNITS, type SequenceUnit } from './sequence-unit.ts'

/** `off` is the unit `none`. */
export type SequenceCheck = 'auto' | 'off' | SequenceUnit

/** Reads the setting of an operator; what is unknown here is `auto`. */
export function parseSequenceCheck(text: string): SequenceCheck {
  if (text === 'off') return text
  return SEQUENCE_UNITS.find((unit) => unit === text) ?? 'auto'
}
