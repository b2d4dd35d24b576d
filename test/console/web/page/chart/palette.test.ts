/** Colours of areas: contrast with the backgrounds of the style sheet, and with each other. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { colourOf, type Theme } from '../../../../../console/web/page/chart/palette.ts'
import { REPOSITORY } from '../../../../helpers/markdown.ts'

const COLOURS = 8
/** WCAG 2.2, success criterion 1.4.11: parts of graphics. */
const MIN_CONTRAST = 3
/** By CIE 1976; colours this far apart are told apart at a glance. */
const MIN_DISTANCE = 12

type Rgb = readonly [number, number, number]

/** Red, green and blue, linear, from 0 to 1. */
function linear(colour: string): Rgb {
  const [, r = '', g = '', b = ''] = /^#(..)(..)(..)$/.exec(colour) ?? assert.fail(colour)
  const read = (pair: string) => {
    const part = Number.parseInt(pair, 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }
  return [read(r), read(g), read(b)]
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(linear(one)), luminance(linear(other))].sort(
    (a, b) => a - b,
  )
  return (light + 0.05) / (dark + 0.05)
}

/** How people without red or green receptors see a colour (Viénot, Brettel, Mollon 1999). */
const SIGHTS: Readonly<Record<string, (colour: Rgb) => Rgb>> = {
  'all colours': (colour) => colour,
  'no red': ([r, g, b]) => {
    const yellow = 0.11238 * r + 0.88762 * g
    return [yellow, yellow, 0.00401 * r - 0.00401 * g + b]
  },
  'no green': ([r, g, b]) => {
    const yellow = 0.29275 * r + 0.70725 * g
    return [yellow, yellow, -0.02234 * r + 0.02234 * g + b]
  },
}

function lab([r, g, b]: Rgb): Rgb {
  const root = (own: number) =>
    own > 216 / 24389 ? Math.cbrt(own) : (own * 24389) / 27 / 116 + 16 / 116
  const x = root((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505)
  const y = root(luminance([r, g, b]))
  const z = root((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const palette = (theme: Theme) => [
  ...Array.from({ length: COLOURS }, (_, index) => colourOf(index, theme)),
  colourOf('other', theme),
]

/** The background of panels, as the style sheet says. */
async function backgrounds(): Promise<{ readonly light: string; readonly dark: string }> {
  const css = await readFile(join(REPOSITORY, 'console/web/page/style.css'), 'utf8')
  const [, light, dark] = /--panel: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/.exec(css) ?? []
  return light && dark ? { light, dark } : assert.fail('the style sheet has no --panel')
}

for (const theme of ['light', 'dark'] as const) {
  describe(`the ${theme} palette`, () => {
    it('stands out from the background', async () => {
      const background = (await backgrounds())[theme]
      for (const colour of palette(theme)) {
        const ratio = contrast(colour, background)
        assert.ok(ratio >= MIN_CONTRAST, `${colour} on ${background}: ${ratio.toFixed(2)}`)
      }
    })

    for (const [sight, see] of Object.entries(SIGHTS)) {
      it(`has neighbours in a stack that differ for people who see ${sight}`, () => {
        const seen = palette(theme).map((colour) => lab(see(linear(colour))))
        for (const [index, colour] of seen.entries()) {
          const next = seen[index + 1]
          if (!next) continue
          const distance = Math.hypot(...colour.map((own, at) => own - (next[at] ?? 0)))
          assert.ok(distance >= MIN_DISTANCE, `${index} and ${index + 1}: ${distance.toFixed(1)}`)
        }
      })
    }

    it('begins again after its last colour', () => {
      assert.equal(colourOf(COLOURS, theme), colourOf(0, theme))
    })
  })
}
