/**
 * Colours of the chart. Colour-blind people can tell the areas apart, and each has enough contrast with
 * its background. Their order and the legend identify them as well. Pure.
 */

export type Theme = 'light' | 'dark'

/** `text`, `grid` and `previous` are `--faint`, `--line` and `--text` of the style sheet. */
export const COLOURS = {
  light: {
    areas: [
      ...['#0b6fb8', '#d55e00', '#00805f', '#a8447f'],
      ...['#7a5a00', '#4b4fc4', '#b3261e', '#0e6675'],
    ],
    other: '#8b929c',
    text: '#56616d',
    grid: '#d9dfe5',
    previous: '#1a2129',
  },
  dark: {
    areas: [
      ...['#56b4e9', '#f08a3c', '#2fc79a', '#e08fc2'],
      ...['#d9b44a', '#9a9cf5', '#f2857d', '#6fcbd9'],
    ],
    other: '#6b7480',
    text: '#9dabb8',
    grid: '#303a45',
    previous: '#e4e9ee',
  },
} as const

/** Returns the colour of the area at an index. Beyond the eighth, colours begin again. */
export function colourOf(index: number | 'other', theme: Theme): string {
  const { areas, other } = COLOURS[theme]
  return index === 'other' ? other : (areas[index % areas.length] ?? other)
}
