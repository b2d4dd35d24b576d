/** Writes a question as a command line of the terminal. */

/** Options by name. undefined, false and '' are left out; true is an option without a value. */
type CommandOptions = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Returns `netflow COMMAND --name value … 'filter'`, quoted for a POSIX shell.
 *
 * @param words what follows the options, such as a filter
 */
export function terminalCommand(
  command: string,
  options: CommandOptions,
  words: readonly string[] = [],
): string {
  const parts = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false || value === '') return []
    return value === true ? [`--${name}`] : [`--${name}`, shellWord(String(value))]
  })
  const rest = words.filter((word) => word !== '')
  // A filter may begin with a dash.
  const end = rest.some((word) => word.startsWith('-')) ? ['--'] : []
  return ['netflow', command, ...parts, ...end, ...rest.map(shellWord)].join(' ')
}

/** Quotes a word where a shell would read it otherwise. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}
