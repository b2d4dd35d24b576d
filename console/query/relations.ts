/**
 * The SQL of the fields of filters, for each relation that can be asked: a closed table. A field
 * that a relation does not have cannot be tested there.
 */

/** SQL of each field. */
export type Relation = Readonly<Record<string, string>>

const number = (name: string) =>
  `case when jsonb_typeof(extra -> '${name}') = 'number' then (extra ->> '${name}')::numeric end`

const address = (name: string) =>
  `coalesce(jsonb_address(extra -> '${name}IPv4Address'), jsonb_address(extra -> '${name}IPv6Address'))`

const port = (name: string) => `jsonb_port(extra -> '${name}TransportPort')`

const COLUMNS = [
  ...['src_addr', 'dst_addr', 'src_port', 'dst_port', 'protocol', 'tcp_flags', 'tos', 'direction'],
  ...['input_if', 'output_if', 'src_as', 'dst_as', 'bytes', 'packets', 'exporter', 'flow_start'],
  ...['flow_end', 'extra'],
]

const MORE_COLUMNS = [
  ...[
    'icmp_type',
    'icmp_code',
    'src_mask',
    'dst_mask',
    'src_vlan',
    'dst_vlan',
    'src_mac',
    'dst_mac',
  ],
  ...['next_hop', 'observation_domain', 'export_version', 'event'],
]

const byName = (columns: readonly string[]) =>
  Object.fromEntries(columns.map((column) => [column, column]))

const COMPUTED: Relation = {
  duration: 'extract(epoch from flow_end - flow_start) * 1000',
  ttl: `coalesce(${number('ipTTL')}, ${number('maximumTTL')}, ${number('minimumTTL')})`,
  nat_src_addr: address('postNATSource'),
  nat_dst_addr: address('postNATDestination'),
  nat_src_port: port('postNAPTSource'),
  nat_dst_port: port('postNAPTDestination'),
}

/** The view `prefix_flows`, for keys by prefix, has only some of the columns. */
export const PREFIX_FLOWS: Relation = { ...byName(COLUMNS), ...COMPUTED }

export const FLOWS: Relation = { ...PREFIX_FLOWS, ...byName(MORE_COLUMNS) }

/** The view `flow_details` multiplies counters, and has words for directions. */
export const FLOW_DETAILS: Relation = {
  ...FLOWS,
  bytes: 'raw_bytes',
  packets: 'raw_packets',
  direction: "case direction when 'ingress' then 0 when 'egress' then 1 end",
}

/** In conversations, the client is the source. */
export const CONVERSATIONS: Relation = {
  src_addr: 'client',
  dst_addr: 'server',
  src_port: 'client_port',
  dst_port: 'server_port',
  exporter: 'exporter',
  protocol: 'protocol',
  bytes: 'bytes',
  packets: 'packets',
  duration: 'extract(epoch from duration) * 1000',
}

/** In translations, the inside is the source; `nat` tests the public side. */
export const NAT_EVENTS: Relation = {
  src_addr: 'inside_addr',
  dst_addr: 'dst_addr',
  src_port: 'inside_port',
  dst_port: 'dst_port',
  nat_src_addr: 'outside_addr',
  nat_dst_addr: 'translated_dst_addr',
  nat_src_port: 'outside_port',
  nat_dst_port: 'translated_dst_port',
  protocol: 'protocol',
  exporter: 'exporter',
  observation_domain: 'observation_domain',
  export_version: 'export_version',
  event: 'event',
  extra: 'extra',
}

/** Streams, as in the loss ledger. Their fields are never NULL. */
export const STREAMS: Relation = byName(['exporter', 'export_version', 'observation_domain'])

/** The two figures of each ratio. A flow of one packet has no duration, and so no rate. */
export const RATIOS: Readonly<
  Record<string, readonly [dividend: string, scale: number, divisor: string]>
> = {
  bps: ['bytes', 8000, 'duration'],
  pps: ['packets', 1000, 'duration'],
  bpp: ['bytes', 1, 'packets'],
}
