/**
 * The views and macros of an archive in DuckDB. They have the names and meanings of the database's
 * tables, views and functions, so that the same SQL asks both.
 */

import { quoteText } from '../export/duckdb.ts'
import { FLOW_TYPES, NAME_TYPES } from './archive-columns.ts'
import { CONVERSATIONS } from './archive-conversations.ts'

/** Binds a value that a macro uses more than once: macros are texts, which would grow without end. */
const bind = (value: string, name: string, use: string) =>
  `list_transform([${value}], lambda ${name}: ${use})[1]`

/** Writes IPv6 as PostgreSQL does: the first of the longest runs of zeros is left out. */
function shortenIpv6(groups: string): string {
  const whens = [8, 7, 6, 5, 4, 3, 2].map((length) => {
    const run = `(^|:)0(:0){${length - 1}}(:|$)`
    return `when regexp_matches(${groups}, '${run}') then regexp_replace(${groups}, '${run}', '::')`
  })
  return `case ${whens.join('\n ')} else ${groups} end`
}

const HEX_GROUPS = `array_to_string(list_transform(range(0, 8),
  lambda i: coalesce(nullif(ltrim(substr(k, 2 + 4 * i::bigint, 4), '0'), ''), '0')), ':')`

const MASKED_DIGIT = `printf('%x', ((instr('0123456789abcdef', substr(h, 2 + bits // 4, 1)) - 1)
  >> (4 - bits % 4)) << (4 - bits % 4))`

/** Addresses become keys, which sort and compare like `inet`: 4 or 6, then the address in hex. */
const ADDRESS_MACROS = `
create macro ipv4_key(a) as '4' || printf('%02x%02x%02x%02x', split_part(a, '.', 1)::integer,
  split_part(a, '.', 2)::integer, split_part(a, '.', 3)::integer, split_part(a, '.', 4)::integer);
create macro hex_groups(t) as array_to_string(
  list_transform(list_filter(string_split(t, ':'), lambda g: g <> ''),
    lambda g: case when contains(g, '.') then substr(ipv4_key(g), 2) else lpad(g, 4, '0') end), '');
create macro ipv6_key(a) as list_transform(
  list_transform([string_split(a, '::')], lambda p: [hex_groups(p[1]), hex_groups(coalesce(p[2], ''))]),
  lambda h: '6' || h[1] || repeat('0', greatest(32 - length(h[1]) - length(h[2]), 0)) || h[2])[1];
create macro addr_key(a) as ${bind('a', 'v', "case when contains(v, ':') then ipv6_key(v) when v is not null then ipv4_key(v) end")};
create macro masked_key(k, bits) as ${bind(
  'k',
  'h',
  `rpad(substr(h, 1, 1 + bits // 4)
    || case when bits % 4 > 0 then ${MASKED_DIGIT} else '' end, length(h)::integer, '0')`,
)};
create macro key_ipv4(k) as array_to_string(list_transform(range(0, 4),
  lambda i: ('0x' || substr(k, 2 + 2 * i::bigint, 2))::integer), '.');
create macro key_ipv6(k) as ${bind(HEX_GROUPS, 'groups', shortenIpv6('groups'))};
create macro key_text(k) as ${bind('k', 'key', "case left(key, 1) when '4' then key_ipv4(key) when '6' then key_ipv6(key) end")};
create macro network_of(a, bits4, bits6) as case
  when contains(a, ':') then key_text(masked_key(addr_key(a), bits6)) || '/' || bits6
  when a is not null then key_text(masked_key(addr_key(a), bits4)) || '/' || bits4 end;
create macro json_number(extra, path) as case
  when json_type(extra, path) in ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')
  then try_cast(json_extract_string(extra, path) as decimal(38, 9)) end;
create macro json_port(extra, path) as case
  when json_number(extra, path) between 0 and 65535 then json_number(extra, path)::integer end;
create macro valid_address(a) as case
  when regexp_full_match(a, '((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])')
    or regexp_full_match(a, '[0-9a-f:]*:[0-9a-f]*:[0-9a-f:.]*') then a end;
create macro json_address(extra, path4, path6) as coalesce(
  valid_address(json_extract_string(extra, path4)), valid_address(json_extract_string(extra, path6)));
`

const NUMBER_MACROS = `
create macro micros_between(a, b) as epoch_us(b) - epoch_us(a);
create macro milliseconds(micros) as micros::decimal(19, 0) * 0.001::decimal(4, 3);
create macro seconds(micros) as case when micros < 0 then '-' else '' end
  || (abs(micros) // 1000000)::varchar || '.' || lpad((abs(micros) % 1000000)::varchar, 6, '0');
create macro half_up(part, whole) as case when part < 0 then -((2 * -part + whole) // (2 * whole))
  else (2 * part + whole) // (2 * whole) end;
create macro point(value, digits, scale) as case when value < 0 then '-' else '' end
  || (abs(value) // scale)::varchar || '.' || lpad((abs(value) % scale)::varchar, digits, '0');
create macro mean_seconds(micros, n) as
  case when n > 0 then point(half_up(micros::hugeint, n::hugeint * 1000), 3, 1000) end;
create macro six_digits(part, whole) as
  case when whole > 0 then point(half_up(part::hugeint * 1000000, whole::hugeint), 6, 1000000) end;
create macro smaller_edges(edges, dividend, divisor) as case
  when dividend is not null and divisor is not null then
    len(list_filter(edges, lambda edge: edge::hugeint * divisor < dividend)) end;
create macro bin_of(moment, micros) as make_timestamptz(
  (epoch_us(moment) - 946857600000000) // micros * micros + 946857600000000);
create macro tcp_flag_letters(f) as case when f & 256 <> 0 then 'N' else '' end
  || case when f & 128 <> 0 then 'C' else '.' end || case when f & 64 <> 0 then 'E' else '.' end
  || case when f & 32 <> 0 then 'U' else '.' end || case when f & 16 <> 0 then 'A' else '.' end
  || case when f & 8 <> 0 then 'P' else '.' end || case when f & 4 <> 0 then 'R' else '.' end
  || case when f & 2 <> 0 then 'S' else '.' end
  || case when f is null then null when f & 1 <> 0 then 'F' else '.' end;
`

const DETAILS = `
create view flow_details as
select flow.* replace (
    case flow.direction when 0 then 'ingress' when 1 then 'egress' end as direction,
    flow.bytes::hugeint * coalesce(flow.sampling_rate, 1) as bytes,
    flow.packets::hugeint * coalesce(flow.sampling_rate, 1) as packets),
  flow.bytes as raw_bytes, flow.packets as raw_packets,
  micros_between(flow.flow_start, flow.flow_end) as duration,
  exporters.name as exporter_name, protocols.name as protocol_name,
  coalesce(lower_service.name, upper_service.name) as service,
  coalesce(application.name, nullif(json_extract_string(flow.extra, '/applicationName'), '')) as application,
  case when flow.protocol = 6 then tcp_flag_letters(flow.tcp_flags) end as tcp_flag_letters,
  input.name as input_name, output.name as output_name,
  case flow.forwarding_status // 64 when 0 then 'unknown' when 1 then 'forwarded' when 2 then 'dropped'
    when 3 then 'consumed' end as forwarding,
  drops.name as drop_reason,
  case flow.flow_end_reason when 1 then 'idle' when 2 then 'active timeout' when 3 then 'end of flow'
    when 4 then 'forced' when 5 then 'lack of resources' end as end_reason,
  events.name as event_name
from flows as flow
left join exporters on exporters.address = flow.exporter
left join lookups as protocols on protocols.kind = 'protocol' and protocols.key = flow.protocol::varchar
left join lookups as lower_service on lower_service.kind = 'service'
  and lower_service.key = flow.protocol || ' ' || least(flow.src_port, flow.dst_port)
left join lookups as upper_service on upper_service.kind = 'service'
  and upper_service.key = flow.protocol || ' ' || greatest(flow.src_port, flow.dst_port)
left join lookups as drops on drops.kind = 'drop reason' and drops.key = flow.forwarding_status::varchar
left join nat_streams on nat_streams.exporter = flow.exporter
  and nat_streams.export_version = flow.export_version
  and nat_streams.observation_domain = flow.observation_domain
left join lookups as events
  on events.kind = case when nat_streams.kind is null then 'event' else 'nat event' end
  and events.key = flow.event::varchar
left join names as input on input.exporter = flow.exporter and input.export_version = flow.export_version
  and input.observation_domain = flow.observation_domain and input.kind = 'interface'
  and input.key = flow.input_if::varchar
left join names as output on output.exporter = flow.exporter
  and output.export_version = flow.export_version
  and output.observation_domain = flow.observation_domain and output.kind = 'interface'
  and output.key = flow.output_if::varchar
left join names as application on application.exporter = flow.exporter
  and application.export_version = flow.export_version
  and application.observation_domain = flow.observation_domain and application.kind = 'application'
  and application.key = json_extract_string(flow.extra, '/applicationId');
`

/**
 * Returns the statements that create the views and macros.
 *
 * @param files paths of Parquet files; none: there are no flows
 * @param namesPath JSON lines with the columns of `NAME_TYPES`
 */
export function archiveViews(files: readonly string[], namesPath: string): readonly string[] {
  const columns = Object.entries(FLOW_TYPES).map(([name, type]) => `null::${type} as ${name}`)
  const flows =
    files.length > 0
      ? `select * from read_parquet([${files.map(quoteText).join(', ')}])`
      : `select ${columns.join(', ')} where false`
  const nameColumns = Object.entries(NAME_TYPES).map(([name, type]) => `'${name}': '${type}'`)
  const lists = `read_json(${quoteText(namesPath)}, format = 'newline_delimited', columns = {${nameColumns.join(', ')}})`
  return [
    `create view flows as ${flows}`,
    `create table lists as select * from ${lists}`,
    `create view exporters as select exporter as address, name from lists where list = 'exporters'`,
    `create view names as select * from lists where list = 'names'`,
    `create view nat_streams as select exporter, export_version, observation_domain, list as kind
      from lists where list = 'nat_streams'`,
    `create view lookups as select list as kind, key, name from lists`,
    ADDRESS_MACROS,
    NUMBER_MACROS,
    DETAILS,
    CONVERSATIONS,
  ]
}
