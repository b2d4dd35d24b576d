/** Writes scripts that complete commands and options in a shell, from the program itself. */

import type { Command } from 'commander'
import { FILTER_WORDS } from '../query/filter/filter-words.ts'
import { KEYS } from '../query/keys.ts'

/** The shells that have a script. */
export const SHELLS: readonly string[] = ['bash', 'zsh']

const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--by': Object.keys(KEYS),
  '--since': ['15m', '1h', '1d', 'today', 'yesterday'],
  '--until': ['now', 'today'],
  '--proto': ['tcp', 'udp', 'icmp', 'icmp6'],
}

interface Place {
  /** The commands before the word, joined by blanks. */
  readonly path: string
  readonly words: string
}

function listPlaces(command: Command, path: readonly string[] = []): Place[] {
  const inner = command.commands.filter((sub) => sub.name() !== 'help')
  const options = command.options.flatMap(({ long }) => (long ? [long] : []))
  const takesFilter = command.registeredArguments.some((argument) => argument.name() === 'filter')
  const words = [
    ...inner.map((sub) => sub.name()),
    ...options,
    '--help',
    ...(takesFilter ? Object.keys(FILTER_WORDS) : []),
  ]
  return [
    { path: path.join(' '), words: words.join(' ') },
    ...inner.flatMap((sub) => listPlaces(sub, [...path, sub.name()])),
  ]
}

function listValues(command: Command): Map<string, string> {
  const values = new Map(Object.entries(VALUES).map(([name, words]) => [name, words.join(' ')]))
  for (const sub of command.commands) {
    for (const { long, description } of sub.options) {
      const words = description.split(', ').filter((word) => /^[\w:-]+$/.test(word))
      if (long && ['--format', '--order'].includes(long)) {
        const known = (values.get(long) ?? '').split(' ')
        values.set(long, [...new Set([...known, ...words])].join(' ').trim())
      }
    }
  }
  return values
}

/** Returns the script for a shell. zsh runs that of bash. */
export function completionScript(program: Command, shell: string): string {
  const cases = listPlaces(program).map(({ path, words }) => `    '${path}') words='${words}' ;;`)
  const values = [...listValues(program)].map(([name, words]) => `    ${name}) words='${words}' ;;`)
  const bash = `_netflow() {
  local word path='' words='' index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$path \${word}" in
${listPlaces(program)
  .filter(({ path }) => path !== '')
  .map(({ path }) => {
    const parts = path.split(' ')
    const before = parts.slice(0, -1).join(' ')
    return `      '${before} ${parts.at(-1)}') path='${path}' ;;`
  })
  .join('\n')}
    esac
  done
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  [ -n "$words" ] || case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _netflow netflow
`
  return shell === 'zsh'
    ? `#compdef netflow\nautoload -U +X bashcompinit && bashcompinit\n${bash}`
    : bash
}
