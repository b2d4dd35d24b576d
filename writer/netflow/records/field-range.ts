/** Finds where the value of a field is within a record. */

import { VARIABLE_LENGTH } from '../elements/field-specifier.ts'

/** The place of one value; reused for every field of a record. */
export class FieldRange {
  offset = 0
  length = 0

  /**
   * Finds the value of the field that begins at `at`.
   *
   *     field of variable length = length8 value | 255 length16 value     (RFC 7011 section 7)
   *
   * @param specified the length in the template
   * @returns where the field ends, or −1 when it reaches beyond `end`
   */
  find(view: DataView, specified: number, at: number, end: number): number {
    this.offset = at
    this.length = specified
    if (specified === VARIABLE_LENGTH) {
      if (at >= end) return -1
      this.offset = at + 1
      this.length = view.getUint8(at)
      if (this.length === 255) {
        if (at + 3 > end) return -1
        this.offset = at + 3
        this.length = view.getUint16(at + 1)
      }
    }
    const next = this.offset + this.length
    return next <= end ? next : -1
  }
}
