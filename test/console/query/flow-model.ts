/** Random flows for the model of filters, of few values. */

import fc from 'fast-check'

/** A flow as the model knows it; null: not sent. */
export interface ModelFlow {
  readonly src_addr: string | null
  readonly dst_addr: string | null
  readonly src_port: number | null
  readonly dst_port: number | null
  readonly protocol: number | null
  readonly tcp_flags: number | null
  readonly tos: number | null
  readonly bytes: number | null
  readonly packets: number | null
  readonly src_as: number | null
  readonly dst_as: number | null
  readonly input_if: number | null
  readonly output_if: number | null
  readonly direction: number | null
  readonly icmp_type: number | null
  readonly src_vlan: number | null
  readonly dst_vlan: number | null
  readonly src_mac: string | null
  readonly exporter: string
  /** Milliseconds; null: the flow has no times. */
  readonly duration: number | null
  readonly extra: Readonly<Record<string, number | string>> | null
}

const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.130',
  '10.1.0.1',
  '192.0.2.7',
  '2001:db8::1',
  '2001:db8:1::1',
]
const EXPORTERS = ['198.51.100.1', '198.51.100.2', '198.51.100.3']
/** The first two have names. */
export const EXPORTER_NAMES = [
  ['198.51.100.1', 'core-1'],
  ['198.51.100.2', 'Edge 2'],
] as const
/** Values of the columns; few, so that filters meet them. */
export const MACS = ['00:00:5e:00:53:01', '00:00:5e:00:53:02']

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 })
/** One of some values. */
export const among = <T>(...values: readonly T[]) => fc.constantFrom(...values)
/** Values of ports, other numbers and counters. */
export const port = among(53, 80, 443, 1023, 1024, 8080)
/** See {@link port}. */
export const number = among(1, 2, 3, 7)
/** See {@link port}. */
export const counter = among(0, 1, 40, 1000, 1500, 64_000, 5_000_000)

/** A flow, in which any value may be missing. */
export const modelFlow: fc.Arbitrary<ModelFlow> = fc.record({
  src_addr: orNull(among(...ADDRESSES)),
  dst_addr: orNull(among(...ADDRESSES)),
  src_port: orNull(port),
  dst_port: orNull(port),
  protocol: orNull(among(1, 6, 17, 58)),
  tcp_flags: orNull(among(0, 2, 18, 27, 255)),
  tos: orNull(number),
  bytes: orNull(counter),
  packets: orNull(counter),
  src_as: orNull(number),
  dst_as: orNull(number),
  input_if: orNull(number),
  output_if: orNull(number),
  direction: orNull(among(0, 1)),
  icmp_type: orNull(among(0, 3, 8)),
  src_vlan: orNull(number),
  dst_vlan: orNull(number),
  src_mac: orNull(among(...MACS)),
  exporter: among(...EXPORTERS),
  duration: orNull(among(0, 1, 250, 60_000)),
  extra: orNull(
    fc.record(
      { ipTTL: number, application: among('web', 'mail', '7'), octets: counter },
      { requiredKeys: [] },
    ),
  ),
})
