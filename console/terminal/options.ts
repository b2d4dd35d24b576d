/** The options that commands share, and the help about filters. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { KEYS } from '../query/keys.ts'
import { ORDERS } from '../query/questions.ts'
import { FORMATS } from './output/write-answer.ts'

const FILTER_HELP = `
Filters have the words of nfdump, joined by and, or, not and parentheses:
  host 192.0.2.1 · src net 10.0.0.0/8 · dst ip in [192.0.2.1 2001:db8::/32]
  port 443 · dst port > 1023 · port in [53 80 8000-8010] · src as 64496
  proto tcp · icmp type 8 · flags S/SA · bytes > 10k · packets 1 · duration > 2000 · bps > 1m
  exporter core-1 · in if 3 · out if "Gi0/1" · next ip 192.0.2.1 · ipv6 · flowdir egress
  nat src ip 192.0.2.1 · extra applicationName = "ssh"
Bytes and packets are as exported, durations are milliseconds. Quote what the shell would read.`

/** Formats the examples of a help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

/** Adds the options of commands that change something. */
export function changing(command: Command, description: string): Command {
  return databaseOption(command).description(description)
}

function databaseOption(command: Command): Command {
  return command.option('--database-url <url>', 'postgres://user:password@host:port/database')
}

/** Adds the options of every command that answers. */
export function common(command: Command, formats: readonly string[] = []): Command {
  return databaseOption(command)
    .option('--tz <zone>', 'time zone of times without one, and of the output')
    .option('-f, --format <format>', [...FORMATS, ...formats].join(', '))
    .option('--plain', 'numbers in full, without units')
}

/** Adds those of commands about a range of time. */
export function timed(command: Command, since: string, formats: readonly string[] = []): Command {
  return common(command, formats)
    .option(
      '-s, --since <time>',
      `1h, -15m, today, yesterday, 2026-11-28, 12:00, RFC 3339; default: ${since}`,
    )
    .option('-u, --until <time>', 'default: now')
}

/** Adds those of commands about flows. */
export function ranged(
  command: Command,
  description: string,
  formats: readonly string[] = [],
): Command {
  const list = (name: string, what: string) =>
    new Option(`${name} <value>`, `and ${what}; may be repeated`).argParser(collect)
  return timed(command, '1h', formats)
    .description(description)
    .argument('[filter...]', 'which flows; nothing: all')
    .addOption(exporterOption())
    .addOption(list('--port', 'port'))
    .addOption(list('--proto', 'proto'))
    .addOption(list('--as', 'as'))
    .addOption(list('--net', 'net'))
    .option('--resolve', 'names of hosts by DNS, in half a second at most')
    .addHelpText('after', FILTER_HELP)
}

/** For commands that can ask an archive instead of the database. */
export function archiveOption(): Option {
  return new Option('--archive <folder>', 'asks the files of netflow archive instead')
}

export function exporterOption(): Option {
  return new Option(
    '--exporter <value>',
    'address or name of an exporter; may be repeated',
  ).argParser(collect)
}

export function byOption(fallback: string): Option {
  const names = `${Object.keys(KEYS).join(', ')}; src/24, dst/48, src/24,56`
  return new Option('-b, --by <key>', names).default(fallback)
}

export function orderOption(): Option {
  return new Option('-o, --order <order>', ORDERS.join(', ')).default('time').argParser(readOrder)
}

export function rawOption(): Option {
  return new Option('--raw', 'counters as exported, not multiplied by the sampling rate')
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

function readOrder(text: string): string {
  if (ORDERS.includes(text)) return text
  throw new InvalidArgumentError(`Expected ${ORDERS.join(', ')}.`)
}

export function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}
