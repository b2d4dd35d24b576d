/**
 * Reads the `extra` of a flow record back into values. It takes only what the decoder has written,
 * and rounds no integer.
 */

/** The value of a field that has no column; integers beyond ±2⁵³ are bigints. */
export type ExtraValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ExtraValue[]
  | ExtraFields

/** Fields by the name of their information element. */
export interface ExtraFields {
  readonly [name: string]: ExtraValue
}

/** A number below this many digits is exact in any case. */
const LONG_NUMBER = /\d{16}/

/** Strings, so that digits in them are passed over; then numbers. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi

/** Marks a bigint on its way through the parser; texts of exporters end before a NUL. */
const MARK = '\0'

/** Parses the JSON text that a record has in `extra`. */
export function parseExtra(json: string): ExtraFields {
  if (!LONG_NUMBER.test(json)) return JSON.parse(json) as ExtraFields
  const marked = json.replace(TOKEN, (token) => (isUnsafe(token) ? `"\\u0000${token}"` : token))
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(1)) : value,
  ) as ExtraFields
}

function isUnsafe(token: string): boolean {
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}
