/** The colours of the chart, in the theme that the browser shows. */

import { COLOURS, colourOf, type Theme } from './palette.ts'
import type { Area } from './stack.ts'

/** Whether the browser shows dark colours; the query reports changes. */
export const darkMode = (): MediaQueryList => matchMedia('(prefers-color-scheme: dark)')

const currentTheme = (): Theme => (darkMode().matches ? 'dark' : 'light')

/** Returns the colours of axes and lines. */
export const chartColours = () => COLOURS[currentTheme()]

/** Returns the colour of one of all areas. */
export function areaColour(all: readonly Area[], area: Area): string {
  return colourOf(area.isOther ? 'other' : all.indexOf(area), currentTheme())
}
