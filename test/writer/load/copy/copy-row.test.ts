import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CopyBatch } from '../../../../writer/load/copy/copy-batch.ts'
import { encodeRow, maxRowBytes } from '../../../../writer/load/copy/copy-row.ts'
import { copyRows } from '../../../../writer/load/copy/copy-rows.ts'
import { describeTuple } from '../../../../writer/load/copy/copy-tuple.ts'
import {
  type ColumnType,
  columnsOf,
  FLOW_COLUMNS,
} from '../../../../writer/load/copy/flow-columns.ts'
import { Partitions } from '../../../../writer/load/stores/partitions.ts'
import {
  FIELD,
  type Field,
  type FieldName,
  FlowRecord,
  type MessageContext,
} from '../../../../writer/netflow/flow-record.ts'
import { useClient } from '../../../helpers/use-client.ts'
import { ALL_FIELDS, messageOf, numberedBatch } from '../sample-rows.ts'

const ALL_COLUMNS = { fields: ALL_FIELDS, columns: FLOW_COLUMNS.length }

const NULLS = Object.fromEntries(
  `flow_start flow_end bytes packets input_if output_if src_as dst_as sampling_rate src_port
   dst_port src_vlan dst_vlan src_mac dst_mac protocol tcp_flags tos icmp_type icmp_code src_mask
   dst_mask direction forwarding_status flow_end_reason event src_addr dst_addr next_hop extra`
    .split(/\s+/)
    .map((name) => [name, null]),
)
const OF_THE_MESSAGE = {
  received_at: '2026-11-21T06:13:20.123456Z',
  exporter: '192.0.2.1',
  observation_domain: '7',
  export_version: '9',
}

/** Creates a view over the bytes of an IPv6 address in hex. */
function ipv6(hex: string): DataView {
  return new DataView(Uint8Array.from(Buffer.from(hex, 'hex')).buffer)
}

describe('an encoded row', () => {
  const fixture = useClient()

  /** Loads one row and reads it back; every column but `extra` as text. */
  async function roundTrip(record: FlowRecord, message: MessageContext = messageOf()) {
    const batch = new CopyBatch()
    batch.append(record, message)
    await new Partitions('day').ensure(fixture.client, batch.hours)
    await fixture.client.query('delete from flows')
    await copyRows(fixture.client, batch)
    const { rows } = await fixture.client.query(
      `select to_jsonb(flows) || jsonb_build_object(
         'received_at', to_char(received_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'flow_start', to_char(flow_start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'flow_end', to_char(flow_end, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as row from flows`,
    )
    const row = rows[0]?.row as Record<string, unknown>
    // JSON numbers do not hold counters of 63 bits exactly.
    const exact = await fixture.client.query('select bytes::text, packets::text from flows')
    const texts = Object.entries({ ...row, ...exact.rows[0] }).map(([name, value]) => [
      name,
      value === null || typeof value === 'object' ? value : String(value),
    ])
    return Object.fromEntries(texts) as Record<string, unknown>
  }

  it('is NULL in every column that the exporter did not fill', async () => {
    assert.deepEqual(await roundTrip(new FlowRecord()), { ...NULLS, ...OF_THE_MESSAGE })
  })

  it('keeps every value of a record with IPv4 addresses', async () => {
    const record = new FlowRecord()
    record.setIpv4(FIELD.srcAddr, 0x0a00_0001)
    record.setIpv4(FIELD.dstAddr, 0xffff_ffff)
    record.setIpv4(FIELD.nextHop, 0)
    record.set(FIELD.flowStart, 1_795_241_599_000_001)
    record.set(FIELD.flowEnd, 1_795_241_600_999_999)
    record.setBytes(0, 1500)
    record.setPackets(0, 3)
    for (let field: number = FIELD.inputIf; field <= FIELD.dstVlan; field++) {
      record.set(field as typeof FIELD.inputIf, field * 1000)
    }
    record.set(FIELD.srcMac, 0x0200_5e10_0001)
    record.set(FIELD.dstMac, 0xffff_ffff_ffff)
    for (let field: number = FIELD.protocol; field <= FIELD.event; field++) {
      record.set(field as typeof FIELD.protocol, field)
    }
    record.setExtra('{"applicationName":"naïve 測試 🚀","ttl":64}')
    assert.deepEqual(await roundTrip(record), {
      ...OF_THE_MESSAGE,
      flow_start: '2026-11-21T06:13:19.000001Z',
      flow_end: '2026-11-21T06:13:20.999999Z',
      bytes: '1500',
      packets: '3',
      input_if: '7000',
      output_if: '8000',
      src_as: '9000',
      dst_as: '10000',
      sampling_rate: '11000',
      src_port: '12000',
      dst_port: '13000',
      src_vlan: '14000',
      dst_vlan: '15000',
      src_mac: '02:00:5e:10:00:01',
      dst_mac: 'ff:ff:ff:ff:ff:ff',
      protocol: '18',
      tcp_flags: '19',
      tos: '20',
      icmp_type: '21',
      icmp_code: '22',
      src_mask: '23',
      dst_mask: '24',
      direction: '25',
      forwarding_status: '26',
      flow_end_reason: '27',
      event: '28',
      src_addr: '10.0.0.1',
      dst_addr: '255.255.255.255',
      next_hop: '0.0.0.0',
      extra: { applicationName: 'naïve 測試 🚀', ttl: 64 },
    })
  })

  it('keeps IPv6 addresses of the flow and of the exporter', async () => {
    const record = new FlowRecord()
    record.setIpv6(FIELD.srcAddr, ipv6('20010db8000000000000000000000001'), 0)
    record.setIpv6(FIELD.dstAddr, ipv6('ffffffffffffffffffffffffffffffff'), 0)
    record.setIpv6(FIELD.nextHop, ipv6('00000000000000000000000000000000'), 0)
    const exporterBytes = Uint8Array.from(Buffer.from('20010db80000000000000000000000fe', 'hex'))
    const row = await roundTrip(record, messageOf({ exporterBytes }))
    assert.equal(row['src_addr'], '2001:db8::1')
    assert.equal(row['dst_addr'], 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')
    assert.equal(row['next_hop'], '::')
    assert.equal(row['exporter'], '2001:db8::fe')
  })

  it('keeps the largest values exactly', async () => {
    const record = new FlowRecord()
    record.setBytes(0x7fff_ffff, 0xffff_ffff)
    record.setPackets(0x0020_0000, 1)
    record.set(FIELD.inputIf, Number.MAX_SAFE_INTEGER)
    record.set(FIELD.srcPort, 2_147_483_647)
    record.set(FIELD.tcpFlags, 32_767)
    record.set(FIELD.flowStart, 0)
    record.set(FIELD.flowEnd, Number.MAX_SAFE_INTEGER)
    const row = await roundTrip(record, messageOf({ observationDomain: 0xffff_ffff }))
    assert.equal(row['bytes'], '9223372036854775807')
    assert.equal(row['packets'], '9007199254740993')
    assert.equal(row['input_if'], '9007199254740991')
    assert.equal(row['src_port'], '2147483647')
    assert.equal(row['tcp_flags'], '32767')
    assert.equal(row['flow_start'], '1970-01-01T00:00:00.000000Z')
    assert.equal(row['flow_end'], '2255-06-05T23:47:34.740991Z')
    assert.equal(row['observation_domain'], '4294967295')
  })

  it('is NULL, never a bad tuple, where a value does not fit its column', async () => {
    const record = new FlowRecord()
    record.set(FIELD.tcpFlags, 32_768)
    record.set(FIELD.protocol, -1)
    record.set(FIELD.srcPort, 2_147_483_648)
    record.set(FIELD.flowStart, -1)
    record.set(FIELD.flowEnd, Number.NaN)
    record.set(FIELD.srcMac, 2 ** 48)
    record.set(FIELD.inputIf, 2 ** 60)
    record.setBytes(0x8000_0000, 0)
    assert.deepEqual(await roundTrip(record), { ...NULLS, ...OF_THE_MESSAGE })
  })

  it('does not contain the high half of an earlier counter', async () => {
    const record = new FlowRecord()
    record.setBytes(5, 5)
    record.clear()
    record.set(FIELD.bytes, 2 ** 40)
    assert.equal((await roundTrip(record))['bytes'], '1099511627776')
  })

  it('is loaded by COPY 100,000 times', async () => {
    await fixture.client.query('delete from flows')
    const batch = numberedBatch({ from: 0, count: 100_000 })
    await new Partitions('day').ensure(fixture.client, batch.hours)
    await copyRows(fixture.client, batch)
    const { rows } = await fixture.client.query(
      'select count(*)::int as rows, count(distinct bytes)::int as different from flows',
    )
    assert.deepEqual(rows, [{ rows: 100_000, different: 100_000 }])
  })
})

function isField(source: string): source is FieldName {
  return source in FIELD
}

/** Sets a field to a value that no other field has; returns the value as a described tuple shows it. */
function fill(record: FlowRecord, field: Field, type: ColumnType): unknown {
  switch (type) {
    case 'timestamptz':
      record.set(field, field * 1_000_000)
      return new Date(field * 1_000).toISOString().replace('Z', '000Z')
    case 'macaddr':
      record.set(field, field)
      return `00:00:00:00:00:${field.toString(16).padStart(2, '0')}`
    case 'inet':
      record.setIpv4(field as 0 | 1 | 2, field + 1)
      return `0.0.0.${field + 1}`
    case 'jsonb':
      record.setExtra('{}')
      return '{}'
    default:
      record.set(field, field + 1)
      return field + 1
  }
}

describe('encodeRow', () => {
  it('writes the layout of COPY, column by column', () => {
    const bytes = Buffer.alloc(1024)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const record = new FlowRecord()
    record.set(FIELD.protocol, 17)
    record.setExtra('{}')
    const message = messageOf({ receivedAtMicros: 0 })
    const end = encodeRow({ bytes, view, ...ALL_COLUMNS }, 0, record, message)
    const absent = 'ffffffff'
    assert.equal(
      bytes.toString('hex', 0, end),
      [
        '0022',
        '00000008 fffca2fec4c82000', // received_at: 30 years before PostgreSQL's epoch
        absent.repeat(2), // flow_start, flow_end
        '00000008 0000000000000007', // observation_domain
        absent.repeat(13), // bytes … dst_mac
        '00000002 0009', // export_version
        '00000002 0011', // protocol
        absent.repeat(10), // tcp_flags … event
        '00000008 02 20 00 04 c0000201', // exporter
        absent.repeat(3), // src_addr, dst_addr, next_hop
        '00000003 01 7b7d', // extra
      ]
        .join('')
        .replaceAll(' ', ''),
    )
  })

  it('writes every field into its own column, alone and with all others', () => {
    for (const present of [ALL_FIELDS, ...Object.values(FIELD).map((field) => 1 << field)]) {
      const record = new FlowRecord()
      const expected: Record<string, unknown> = {
        received_at: '2026-11-21T06:13:20.123456Z',
        observation_domain: 7,
        export_version: 9,
        exporter: '192.0.2.1',
      }
      for (const { name, type, source } of columnsOf(present)) {
        if (isField(source)) expected[name] = fill(record, FIELD[source], type)
      }
      const batch = new CopyBatch()
      batch.append(record, messageOf())
      assert.equal(record.present, present)
      assert.deepEqual(describeTuple(batch.tuple(0), batch.fields), expected)
    }
  })

  it('never needs more room than maxRowBytes says', () => {
    const record = new FlowRecord()
    const bytes = Buffer.alloc(2048)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (const field of [FIELD.srcAddr, FIELD.dstAddr, FIELD.nextHop] as const) {
      record.setIpv6(field, ipv6('f'.repeat(32)), 0)
    }
    for (let field: number = FIELD.flowStart; field <= FIELD.event; field++) {
      record.set(field as typeof FIELD.flowStart, 1)
    }
    const message = messageOf({ exporterBytes: new Uint8Array(16) })
    assert.equal(
      encodeRow({ bytes, view, ...ALL_COLUMNS }, 0, record, message),
      maxRowBytes(record),
    )
    record.setExtra('"測試🚀"')
    assert.ok(encodeRow({ bytes, view, ...ALL_COLUMNS }, 0, record, message) <= maxRowBytes(record))
  })
})
