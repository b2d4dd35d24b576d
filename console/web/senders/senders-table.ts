/** Senders are the enabled rows of `exporters`, with their rows of `exporter_prefixes`. */

import type { Ask } from '../../query/sql.ts'
import type { Prefix } from './prefixes.ts'

interface Sender {
  readonly ip: string
  /** When its last datagram was received, by RFC 3339; absent: it has sent none. */
  readonly last?: string
  readonly prefixes: readonly {
    readonly prefix: string
    readonly prefixLen: number
    readonly name?: string
  }[]
}

const SELECT = `
  select json_strip_nulls(json_build_object(
    'ip', host(address),
    'last', to_char(last_seen at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'prefixes', coalesce((
      select json_agg(json_build_object(
        'prefix', host(prefix), 'prefixLen', masklen(prefix), 'name', prefixes.name) order by prefix)
      from exporter_prefixes as prefixes where exporter = address
    ), '[]')))::text as sender
  from exporters`

export async function listSenders(ask: Ask): Promise<readonly Sender[]> {
  const rows = await ask({ text: `${SELECT} where enabled order by address`, values: [] })
  return rows.map((row) => JSON.parse(row['sender'] ?? 'null') as Sender)
}

/** Returns undefined for an exporter that is unknown or not enabled. */
export async function findSender(ask: Ask, ip: string): Promise<Sender | undefined> {
  const [row] = await ask({ text: `${SELECT} where enabled and address = $1`, values: [ip] })
  return row && (JSON.parse(row['sender'] ?? 'null') as Sender)
}

// Each change writes the row of the exporter first, so a second request about it has to wait.
const ENABLE = `
  insert into exporters (address, enabled) values ($1, true)
  on conflict (address) do update set enabled = true`

const ADD_PREFIXES = `
  insert into exporter_prefixes as known (exporter, prefix, name)
  select distinct on (prefix) $1::inet, prefix, name
  from unnest($2::cidr[], $3::text[]) with ordinality as given (prefix, name, place)
  order by prefix, place desc
  on conflict (exporter, prefix) do update set name = excluded.name
  where excluded.name is not null and excluded.name is distinct from known.name`

const KEEP_PREFIXES = `
  delete from exporter_prefixes where exporter = $1 and not prefix = any($2::cidr[])`

/** Adds prefixes to a sender, or replaces them. Creates and enables the exporter. */
export async function putSender(
  ask: Ask,
  ip: string,
  change: { readonly prefixes: readonly Prefix[]; readonly replaces: boolean },
): Promise<Sender | undefined> {
  const cidrs = change.prefixes.map(({ cidr }) => cidr)
  const names = change.prefixes.map(({ name }) => name ?? null)
  await ask({ text: ENABLE, values: [ip] })
  if (change.replaces) await ask({ text: KEEP_PREFIXES, values: [ip, cidrs] })
  await ask({ text: ADD_PREFIXES, values: [ip, cidrs, names] })
  return findSender(ask, ip)
}

const LOCK = `update exporters set enabled = enabled where address = $1 and enabled returning 1`

const DELETE_PREFIXES = `
  delete from exporter_prefixes where exporter = $1 and prefix = any($2::cidr[])`

/** Removes prefixes of a sender. Returns undefined when there is no such sender. */
export async function deletePrefixes(
  ask: Ask,
  ip: string,
  prefixes: readonly Prefix[],
): Promise<Sender | undefined> {
  const rows = await ask({ text: LOCK, values: [ip] })
  if (rows.length === 0) return undefined
  await ask({ text: DELETE_PREFIXES, values: [ip, prefixes.map(({ cidr }) => cidr)] })
  return findSender(ask, ip)
}

const DISABLE = `update exporters set enabled = false where address = $1 and enabled returning 1`

/** Removes a sender with its prefixes; its flows and balance stay. Returns whether there was one. */
export async function removeSender(ask: Ask, ip: string): Promise<boolean> {
  const rows = await ask({ text: DISABLE, values: [ip] })
  if (rows.length === 0) return false
  await ask({ text: 'delete from exporter_prefixes where exporter = $1', values: [ip] })
  return true
}

const MISSING = `
  select prefix::text from unnest($2::cidr[]) as asked (prefix)
  where prefix not in (select prefix from exporter_prefixes where exporter = $1)`

/** Returns which of the prefixes a sender does not have. */
export async function findMissingPrefixes(
  ask: Ask,
  ip: string,
  cidrs: readonly string[],
): Promise<readonly string[]> {
  const rows = await ask({ text: MISSING, values: [ip, cidrs] })
  return rows.map((row) => row['prefix'] ?? '')
}
