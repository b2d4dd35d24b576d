/** `netflow exporters`: lists them, and changes what an operator may configure. */

import { formatNetwork, parseNetwork } from '../../query/address.ts'
import { exportersQuery } from '../../query/losses.ts'
import type { Sql } from '../../query/sql.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import type { Column } from '../output/answer.ts'
import type { Terminal } from '../terminal.ts'

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

export async function listExporters(terminal: Terminal): Promise<void> {
  const format = terminal.format()
  const rows = await (await terminal.database).ask(exportersQuery())
  await terminal.write({ columns: COLUMNS, rows: [rows], nothing: 'no exporter is known' }, format)
}

/** Asks the database for a change; says what was done. */
async function change(terminal: Terminal, sql: Sql, done: string, nothing: string): Promise<void> {
  const rows = await (await terminal.database).ask(sql)
  if (rows.length === 0) throw new NoAnswerError(nothing)
  await terminal.print(`${done}\n`)
}

function readAddress(text: string): string {
  const address = parseNetwork(text)
  if (!address || text.includes('/')) throw new UsageError(`"${text}" is no address`)
  return formatNetwork(address)
}

/** An empty name removes the name. */
export function nameExporter(terminal: Terminal, address: string, name: string): Promise<void> {
  const sql = {
    text: "update exporters set name = nullif($2, '') where address = $1::inet returning address",
    values: [readAddress(address), name],
  }
  return change(terminal, sql, `${address} is called ${name || 'nothing'}`, unknown(address))
}

export function enableExporter(
  terminal: Terminal,
  address: string,
  enabled: boolean,
): Promise<void> {
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

export function addPrefix(
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

export function removePrefix(terminal: Terminal, address: string, prefix: string): Promise<void> {
  const sql = {
    text: 'delete from exporter_prefixes where exporter = $1::inet and prefix = $2::cidr returning prefix',
    values: [readAddress(address), readPrefix(prefix)],
  }
  const nothing = `${address} has no prefix ${readPrefix(prefix)}`
  return change(terminal, sql, `${readPrefix(prefix)} is removed from ${address}`, nothing)
}

export interface SamplingOptions {
  readonly default?: boolean
}

/** @param rate a number, or `auto` for what the exporter says */
export function setSampling(
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
      : `one packet of ${address} stands for ${rate}, ${what}; for flows from now on`
  return change(terminal, sql, done, unknown(address))
}

const unknown = (address: string) => `no exporter ${address} is known`
