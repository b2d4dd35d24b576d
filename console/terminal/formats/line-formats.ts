/** Finds the formats that write a flow as a line: those of nfdump and of flow-print. */

import { UsageError } from '../errors.ts'
import { FLOW_PRINT } from './flow-print.ts'
import { type LineFormat, NAMED_LINES, parseLineFormat, TOKEN_NAMES } from './fmt.ts'

/** The names of these formats; `fmt:` is followed by tokens. */
export const FLOW_FORMATS: readonly string[] = [
  ...Object.keys(NAMED_LINES),
  'flow-print',
  ...FLOW_PRINT.map((_, number) => `flow-print-${number}`),
  'fmt:',
]

/** Finds a format by its name; undefined for the formats of every command. @throws UsageError */
export function findLineFormat(format: string): LineFormat | undefined {
  const number = format === 'flow-print' ? 3 : /^flow-print-(\d)$/.exec(format)?.[1]
  if (number !== undefined) return FLOW_PRINT[Number(number)]
  const text = format.startsWith('fmt:') ? format.slice('fmt:'.length) : NAMED_LINES[format]
  if (text === undefined) return undefined
  const lines = parseLineFormat(text)
  if (typeof lines !== 'string') return lines
  const known = TOKEN_NAMES.map((name) => `%${name}`).join(' ')
  throw new UsageError(`--format: "${lines}" is no token of fmt: known are ${known}`)
}
