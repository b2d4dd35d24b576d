/** Draws what `netflow` prints on a terminal as a document of HTML. */

import { Writable } from 'node:stream'
import { runTerminal } from '../../console/terminal/run-terminal.ts'

const WIDTH = 100

/** Runs a command line as on a terminal with colours; returns the prompt and what was printed. */
export async function runInTerminal(command: string, databaseUrl: string): Promise<string> {
  let text = ''
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  const code = await runTerminal(command.split(' ').slice(1), {
    stdout,
    stderr: process.stderr,
    environment: { DATABASE_URL: databaseUrl, TZ: 'UTC' },
    folder: '/',
    nowMs: Date.now(),
    width: WIDTH,
    errorWidth: () => undefined,
  })
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return `\u001B[32m$\u001B[39m ${command}\n${text.trimEnd()}\n`
}

/** Colours and styles of ECMA-48, as classes. */
const STYLES: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'dim',
  4: 'line',
  31: 'red',
  32: 'green',
  33: 'yellow',
  34: 'blue',
  35: 'violet',
  36: 'cyan',
  90: 'dim',
}

/** Turns styles into elements; each end of a style ends all of them, as `netflow` uses one at a time. */
function drawLine(line: string): string {
  let isOpen = false
  const escaped = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what begins a style.
  const drawn = escaped.replace(/\u001B\[(\d+)m/g, (_, style: string) => {
    const name = STYLES[style]
    const end = isOpen ? '</span>' : ''
    isOpen = name !== undefined
    return name === undefined ? end : `${end}<span class="${name}">`
  })
  return isOpen ? `${drawn}</span>` : drawn
}

export function drawTerminal(screens: readonly string[]): string {
  const lines = screens.join('\n').split('\n').map(drawLine)
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0 }
    main { width: max-content; padding: 18px 22px 6px; background: #12161b; color: #dfe5ea }
    pre { margin: 0; font: 14px/16px 'DejaVu Sans Mono', 'Liberation Mono', monospace }
    .bold { font-weight: bold } .dim { color: #93a1ae } .line { text-decoration: underline }
    .red { color: #f2857d } .green { color: #2fc79a } .yellow { color: #e8b45a }
    .blue { color: #56b4e9 } .violet { color: #e08fc2 } .cyan { color: #6fcbd9 }
  </style><main><pre>${lines.join('\n')}</pre></main>`
}
