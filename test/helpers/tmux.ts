/** A real terminal of a given size: a window of tmux, whose screen can be read. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../integration/exporters/programs.ts'

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** Quotes a word for the shell. */
const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

export class TmuxTerminal {
  readonly #folder = mkdtempSync(join(tmpdir(), 'netflow-tmux-'))
  readonly #program = findProgram('tmux') ?? 'tmux'

  /**
   * Starts a program in a window; the window stays when the program has ended. `stop` ends it.
   *
   * @param environment replaces the environment
   */
  start(
    command: readonly string[],
    { columns, rows }: TerminalSize,
    environment: Readonly<Record<string, string>>,
  ): void {
    const variables = Object.entries(environment).map(([name, value]) => quote(`${name}=${value}`))
    const line = `exec env -i ${variables.join(' ')} TERM=screen ${command.map(quote).join(' ')}`
    const size = ['-x', String(columns), '-y', String(rows)]
    // In one command, so that the option is set before the program can end.
    const options = ['set-option', '-g', 'remain-on-exit', 'on', ';']
    this.#run('-f', '/dev/null', ...options, 'new-session', '-d', ...size, line)
  }

  /** Returns the lines on the screen, and those that have left it at the top. */
  read(): string[] {
    return this.#run('capture-pane', '-p', '-S', '-').trimEnd().split('\n')
  }

  /** Whether the program has ended. */
  get isOver(): boolean {
    return this.#run('list-panes', '-F', '#{pane_dead}').trim() === '1'
  }

  /** Presses a key, as tmux names it: `C-c`. */
  press(key: string): void {
    this.#run('send-keys', key)
  }

  stop(): void {
    spawnSync(this.#program, ['-S', join(this.#folder, 'socket'), 'kill-server'])
    rmSync(this.#folder, { recursive: true })
  }

  #run(...words: readonly string[]): string {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' }
    return execFileSync(this.#program, ['-S', join(this.#folder, 'socket'), ...words], {
      encoding: 'utf8',
      env: environment,
    })
  }
}
