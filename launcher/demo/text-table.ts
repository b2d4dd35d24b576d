/** Lays figures out for a terminal: aligned columns, bars, human units. It prints nothing. */

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Gives the lines of a table, title line first; cells are plain text, one column wide a letter. */
export function layOutTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string[] {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, column) =>
    Math.max(...[titles, ...rows].map((row) => [...(row[column] ?? '')].length)),
  )
  return [titles, ...rows].map((row) =>
    columns
      .map(({ align }, column) => pad(row[column] ?? '', widths[column] ?? 0, align))
      .join('  ')
      .trimEnd(),
  )
}

function pad(text: string, width: number, align: TableColumn['align']): string {
  const space = ' '.repeat(Math.max(0, width - [...text].length))
  return align === 'right' ? space + text : text + space
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** Draws `share` (0 to 1) of `width` letters, to an eighth of a letter; more than 0 is visible. */
export function drawBar(share: number, width: number): string {
  const wanted = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  const eighths = share > 0 ? Math.max(1, wanted) : 0
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** Writes a count with thousands apart: 1,234,567. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Writes bytes in decimal units with three digits: 1.23 MB. */
export function formatBytes(bytes: number): string {
  let unit = 0
  let value = bytes
  // 999.5 would be shown as 1000.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** Writes a share of 0 to 1 as per cent: 12.3 %. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
