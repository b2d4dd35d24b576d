/** Reads sizes in bytes. */

import { UsageError } from '../errors.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** Reads `500k`, `64M`, `1G` or bytes. @throws UsageError */
export function readSize(option: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,15})([kmgt]?)b?$/i.exec(text) ?? []
  const size = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1)
  if (Number.isSafeInteger(size)) return size
  throw new UsageError(`${option}: "${text}" is no size: expected bytes, 500k, 64M or 1G`)
}
