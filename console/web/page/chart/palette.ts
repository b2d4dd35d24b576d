/**
 * Colours of areas: apart for people who see few colours, and light enough or dark enough for each
 * background. Order and legend tell the areas apart as well. Pure.
 */

const LIGHT = [
  '#0b6fb8',
  '#d55e00',
  '#00805f',
  '#a8447f',
  '#7a5a00',
  '#4b4fc4',
  '#b3261e',
  '#0e6675',
]
const DARK = [
  '#56b4e9',
  '#f08a3c',
  '#2fc79a',
  '#e08fc2',
  '#d9b44a',
  '#9a9cf5',
  '#f2857d',
  '#6fcbd9',
]
const OTHER = { light: '#8b929c', dark: '#6b7480' }

/** Returns the colour of the area at an index. Beyond the eighth, colours come again. */
export function colourOf(index: number, isOther: boolean, isDark: boolean): string {
  if (isOther) return isDark ? OTHER.dark : OTHER.light
  const colours = isDark ? DARK : LIGHT
  return colours[index % colours.length] ?? OTHER.light
}
