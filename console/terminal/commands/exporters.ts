/** `netflow exporters`: lists exporters, and changes their settings. */

import type { Command } from 'commander'
import { formatNetwork, parseNetwork } from '../../query/address.ts'
import { exportersQuery } from '../../query/losses.ts'
import type { Sql } from '../../query/sql.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import { changing, common, examples } from '../options.ts'
import type { Column } from '../output/answer.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const COLUMNS: readonly Column[] = [
  { name: 'address', title: 'exporter', kind: 'address' },
  { name: 'name', title: 'name', kind: 'text' },
  { name: 'enabled', title: 'enabled', kind: 'flag', leaves: 2 },
  { name: 'first_seen', title: 'first seen', kind: 'time', leaves: 5 },
  { name: 'last_seen', title: 'last seen', kind: 'time', leaves: 1 },
  { name: 'versions', title: 'versions', kind: 'text', leaves: 3 },
  { name: 'sampling_override', title: 'sampling', kind: 'number', leaves: 4 },
  { name: 'sampling_default', title: 'default', kind: 'number', leaves: 6 },
  { name: 'prefixes', title: 'prefixes', kind: 'json', leaves: 7 },
]

/** Adds `netflow exporters` and its commands. */
export function addExporterCommands(program: Command, run: RunCommand): void {
  const exporters = program
    .command('exporters')
    .description('lists the exporters, and configures them')
    .addHelpText(
      'after',
      examples(
        'netflow exporters',
        'netflow exporters name 192.0.2.1 core-1',
        'netflow exporters prefix add 192.0.2.1 10.1.0.0/16 office',
        'netflow exporters sampling 192.0.2.1 1000',
        'netflow exporters disable 192.0.2.9',
      ),
    )
  common(exporters.command('list', { isDefault: true }))
    .description('lists them')
    .action((options) => run(options, listExporters))
  changing(exporters.command('name <address> <name>'), 'gives it a name').action(
    (address: string, name: string, options) =>
      run(options, (terminal) => nameExporter(terminal, address, name)),
  )
  for (const word of ['enable', 'disable'] as const) {
    const what = word === 'enable' ? 'stores its flows' : 'stores no more flows of it'
    changing(exporters.command(`${word} <address>`), what).action((address: string, options) =>
      run(options, (terminal) => switchExporter(terminal, address, word)),
    )
  }
  const prefix = exporters.command('prefix').description('changes the networks behind it')
  changing(prefix.command('add <address> <prefix> [name]'), 'adds a network').action(
    (address: string, network: string, name: string | undefined, options) =>
      run(options, (terminal) => addPrefix(terminal, address, network, name)),
  )
  changing(prefix.command('remove <address> <prefix>'), 'removes a network').action(
    (address: string, network: string, options) =>
      run(options, (terminal) => removePrefix(terminal, address, network)),
  )
  changing(
    exporters.command('sampling <address> <rate>'),
    'sets how many packets one exported packet counts for; auto: as it announces',
  )
    .option('--default', 'only where it announces none')
    .action((address: string, rate: string, options) =>
      run(options, (terminal) => setSampling(terminal, address, rate, options)),
    )
}

async function listExporters(terminal: Terminal): Promise<void> {
  const format = terminal.format()
  const rows = await (await terminal.database).ask(exportersQuery())
  await terminal.write({ columns: COLUMNS, rows: [rows], nothing: 'no exporter is known' }, format)
}

/** Makes a change, and prints what was done; without a changed row there is no answer. */
async function change(terminal: Terminal, sql: Sql, done: string, nothing: string): Promise<void> {
  const rows = await (await terminal.database).ask(sql)
  if (rows.length === 0) throw new NoAnswerError(nothing)
  await terminal.print(`${done}\n`)
}

function readAddress(text: string): string {
  const address = parseNetwork(text)
  if (!address || text.includes('/'))
    throw new UsageError(`"${text}" is no address, such as 192.0.2.1`)
  return formatNetwork(address)
}

/** An empty name removes the name. */
function nameExporter(terminal: Terminal, address: string, name: string): Promise<void> {
  const sql = {
    text: "update exporters set name = nullif($2, '') where address = $1::inet returning address",
    values: [readAddress(address), name],
  }
  return change(
    terminal,
    sql,
    name === '' ? `${address} has no name now` : `${address} is called ${name}`,
    unknown(address),
  )
}

function switchExporter(
  terminal: Terminal,
  address: string,
  word: 'enable' | 'disable',
): Promise<void> {
  const enabled = word === 'enable'
  const sql = {
    text: 'update exporters set enabled = $2 where address = $1::inet returning address',
    values: [readAddress(address), enabled],
  }
  const done = enabled
    ? `flows of ${address} are stored`
    : `flows of ${address} are not stored any more`
  return change(terminal, sql, done, unknown(address))
}

function readPrefix(text: string): string {
  const prefix = parseNetwork(text)
  if (!prefix) throw new UsageError(`"${text}" is no prefix, such as 10.0.0.0/8 or 2001:db8::/32`)
  return formatNetwork(prefix)
}

function addPrefix(
  terminal: Terminal,
  address: string,
  prefix: string,
  name: string | undefined,
): Promise<void> {
  const sql = {
    text: `
      insert into exporter_prefixes (exporter, prefix, name)
      select address, $2::cidr, $3 from exporters where address = $1::inet
      on conflict (exporter, prefix) do update set name = coalesce(excluded.name, exporter_prefixes.name)
      returning prefix`,
    values: [readAddress(address), readPrefix(prefix), name ?? null],
  }
  return change(terminal, sql, `${readPrefix(prefix)} belongs to ${address}`, unknown(address))
}

function removePrefix(terminal: Terminal, address: string, prefix: string): Promise<void> {
  const sql = {
    text: 'delete from exporter_prefixes where exporter = $1::inet and prefix = $2::cidr returning prefix',
    values: [readAddress(address), readPrefix(prefix)],
  }
  const nothing = `${address} has no prefix ${readPrefix(prefix)}`
  return change(terminal, sql, `${readPrefix(prefix)} is removed from ${address}`, nothing)
}

interface SamplingOptions {
  readonly default?: boolean
}

/** @param rate a number, or `auto` for the rate that the exporter announces */
function setSampling(
  terminal: Terminal,
  address: string,
  rate: string,
  options: SamplingOptions,
): Promise<void> {
  if (
    rate !== 'auto' &&
    !(/^\d{1,10}$/.test(rate) && Number(rate) >= 1 && Number(rate) < 2 ** 32)
  ) {
    throw new UsageError(`"${rate}" is no sampling rate: expected 1 to 4294967295, or auto`)
  }
  const column = options.default ? 'sampling_default' : 'sampling_override'
  const sql = {
    text: `update exporters set ${column} = $2::bigint where address = $1::inet returning address`,
    values: [readAddress(address), rate === 'auto' ? null : rate],
  }
  const what = options.default ? 'where it announces no rate' : 'whatever it announces'
  const done =
    rate === 'auto'
      ? `the sampling rate of ${address} is what it announces`
      : `one packet of ${address} counts as ${rate}, ${what}; for flows from now on`
  return change(terminal, sql, done, unknown(address))
}

const unknown = (address: string) =>
  `no exporter ${address} is known: netflow exporters lists all of them`
