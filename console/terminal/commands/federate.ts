/** `netflow federate`: puts sites under one reporting database. */

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Federation } from '../../federation/federation.ts'
import { parseSite, parseSites, type Site, SiteError } from '../../federation/site.ts'
import { connectPlain } from '../database.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import { common, examples } from '../options.ts'
import type { Column } from '../output/answer.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const COLUMNS: readonly Column[] = [
  { name: 'site', title: 'site', kind: 'text' },
  { name: 'state', title: 'state', kind: 'text' },
  { name: 'problem', title: 'problem', kind: 'text', leaves: 1 },
]

interface FederateOptions {
  readonly sites?: string
  readonly remove?: string
  readonly leaveOut?: string
  readonly takeIn?: string
  readonly refresh?: boolean
  readonly check?: boolean
}

/** Adds `netflow federate`. */
export function addFederate(program: Command, run: RunCommand): void {
  common(program.command('federate'))
    .description('makes one reporting database over the servers of several sites; lists the sites')
    .argument('[site...]', 'name=postgres://user:password@host:port/database, to add or change')
    .option('--sites <file>', 'a file with such lines, so that no password is in the command line')
    .option('--remove <site>', 'removes a site from the reports')
    .option('--leave-out <site>', 'leaves a site out of answers, for example while it is down')
    .option('--take-in <site>', 'asks it again')
    .option('--refresh', 'imports all tables and views anew, after an upgrade of the sites')
    .option('--check', 'asks each site; exit code 1 when one does not answer')
    .addHelpText(
      'after',
      examples(
        'netflow federate --database-url postgres:///reports --sites sites.txt',
        'netflow federate --check',
        'netflow top --database-url postgres:///reports --by site --since today',
        'netflow federate --leave-out zurich',
      ),
    )
    .action((sites: string[], options) =>
      run(options, (terminal) => federate(terminal, sites, options)),
    )
}

async function federate(
  terminal: Terminal,
  words: readonly string[],
  options: FederateOptions,
): Promise<void> {
  const sites = await readSites(words, options.sites)
  const { environment, folder } = terminal.surroundings
  const { databaseUrl } = terminal.options
  const client = await connectPlain({ databaseUrl, environment, folder })
  try {
    await apply(terminal, new Federation(client), { sites, options })
  } finally {
    await client.end().catch(() => {})
  }
}

async function readSites(words: readonly string[], file?: string): Promise<readonly Site[]> {
  try {
    const text = file === undefined ? '' : await readFile(file, 'utf8')
    return [...words.map(parseSite), ...parseSites(text)]
  } catch (error) {
    if (error instanceof SiteError) throw new UsageError(error.message)
    const { syscall, message } = error as NodeJS.ErrnoException
    if (syscall) throw new UsageError(`--sites: ${message}`)
    throw error
  }
}

async function apply(
  terminal: Terminal,
  federation: Federation,
  { sites, options }: { readonly sites: readonly Site[]; readonly options: FederateOptions },
): Promise<void> {
  const format = terminal.format()
  const { remove, leaveOut, takeIn, refresh } = options
  if (sites.length > 0) await federation.add(sites)
  if (remove !== undefined) await federation.remove(remove)
  if (leaveOut !== undefined) await federation.setState(leaveOut, 'left out')
  if (takeIn !== undefined) await federation.setState(takeIn, 'asked')
  if (refresh) await federation.refresh()
  const states = await federation.check()
  const rows = states.map(({ site, isAsked, problem }) => ({
    site,
    state: isAsked ? 'asked' : 'left out',
    problem: problem ?? null,
  }))
  await terminal.write({ columns: COLUMNS, rows: [rows], nothing: 'no sites' }, format)
  const bad = states.filter(({ problem }) => problem !== undefined)
  if (options.check && bad.length > 0) {
    throw new NoAnswerError(`not in order: ${bad.map(({ site }) => site).join(', ')}`)
  }
}
