/** Colours texts, on terminals only. */

import { styleText } from 'node:util'

/** Adds colour to a text, or returns it unchanged. */
export interface Paint {
  readonly heading: (text: string) => string
  readonly bar: (text: string) => string
  readonly faint: (text: string) => string
  readonly bad: (text: string) => string
}

/** @param colours false: every text stays unchanged */
export function createPaint(colours: boolean): Paint {
  const paintAs = (style: 'bold' | 'dim' | 'cyan' | 'red') => (text: string) =>
    // The caller knows whether the stream is a terminal.
    colours && text !== '' ? styleText(style, text, { validateStream: false }) : text
  return {
    heading: paintAs('bold'),
    bar: paintAs('cyan'),
    faint: paintAs('dim'),
    bad: paintAs('red'),
  }
}
