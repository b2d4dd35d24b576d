/** The columns of an archive: those of the table `flows`, and those of the lists of names. */

/** The columns of `flows`, and their types in DuckDB. Addresses are texts. */
export const FLOW_TYPES: Readonly<Record<string, string>> = {
  received_at: 'TIMESTAMPTZ',
  exporter: 'VARCHAR',
  observation_domain: 'BIGINT',
  export_version: 'SMALLINT',
  flow_start: 'TIMESTAMPTZ',
  flow_end: 'TIMESTAMPTZ',
  src_addr: 'VARCHAR',
  dst_addr: 'VARCHAR',
  next_hop: 'VARCHAR',
  src_port: 'INTEGER',
  dst_port: 'INTEGER',
  protocol: 'SMALLINT',
  tcp_flags: 'SMALLINT',
  tos: 'SMALLINT',
  icmp_type: 'SMALLINT',
  icmp_code: 'SMALLINT',
  input_if: 'BIGINT',
  output_if: 'BIGINT',
  bytes: 'BIGINT',
  packets: 'BIGINT',
  src_as: 'BIGINT',
  dst_as: 'BIGINT',
  src_mask: 'SMALLINT',
  dst_mask: 'SMALLINT',
  src_vlan: 'INTEGER',
  dst_vlan: 'INTEGER',
  src_mac: 'VARCHAR',
  dst_mac: 'VARCHAR',
  direction: 'SMALLINT',
  forwarding_status: 'SMALLINT',
  flow_end_reason: 'SMALLINT',
  event: 'SMALLINT',
  sampling_rate: 'BIGINT',
  extra: 'VARCHAR',
}

/** The columns of the lists of names, and their types in DuckDB. */
export const NAME_TYPES: Readonly<Record<string, string>> = {
  list: 'VARCHAR',
  exporter: 'VARCHAR',
  export_version: 'SMALLINT',
  observation_domain: 'BIGINT',
  kind: 'VARCHAR',
  key: 'VARCHAR',
  name: 'VARCHAR',
}

/** Selects the names of numbers and addresses, as one list. */
export const NAMES_QUERY = `
  select 'exporters' as list, host(address) as exporter, null::smallint as export_version,
    null::bigint as observation_domain, null::text as kind, null::text as key, name
  from exporters
  union all
  select 'names', host(exporter), export_version, observation_domain, kind, key, name from names
  union all
  select 'nat_streams', host(exporter), export_version, observation_domain, null, null, null
  from nat_streams
  union all
  select list, null, null, null, null, key, name
  from (
    select 'protocol' as list, number::text as key, protocol_name(number::smallint) as name
    from generate_series(0, 255) as number
    union all
    select 'service', protocol || ' ' || port, service_name(protocol::smallint, port)
    from unnest(array[6, 17, 132]) as protocol cross join generate_series(0, 65535) as port
    union all
    select 'drop reason', number::text, drop_reason(number::smallint)
    from generate_series(0, 255) as number
    union all
    select 'event', number::text, event_name(number, false) from generate_series(0, 255) as number
    union all
    select 'nat event', number::text, event_name(number, true) from generate_series(0, 255) as number
  ) as lookups
  where name is not null`
