/** Lays out figures for a terminal: aligned columns, bars, readable units. */

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Characters that take two columns of a terminal: East Asian ones, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** Marks that combine with the character before them. */
const COMBINING = /\p{M}/u

/** Returns how many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  // Nearly all texts are of this kind.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text)
    width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}

/** Returns the lines of a table, titles first. */
export function layOutTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string[] {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, column) =>
    [titles, ...rows].reduce((most, row) => Math.max(most, displayWidth(row[column] ?? '')), 0),
  )
  return [titles, ...rows].map((row) =>
    columns
      .map(({ align }, column) => pad(row[column] ?? '', widths[column] ?? 0, align))
      .join('  ')
      .trimEnd(),
  )
}

function pad(text: string, width: number, align: TableColumn['align']): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'right' ? space + text : text + space
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/**
 * Draws `share` (0 to 1) of `width` letters, to an eighth of a letter; any share above 0 is
 * visible.
 */
export function drawBar(share: number, width: number): string {
  const wanted = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  const eighths = share > 0 ? Math.max(1, wanted) : 0
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** Formats a count with separated thousands: 1,234,567. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Formats bytes in decimal units with three digits: 1.23 MB. */
export function formatBytes(bytes: number): string {
  let unit = 0
  let value = bytes
  // 999.5 would be rounded to 1000.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** Formats a share of 0 to 1 in per cent: 12.3 %. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
