import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DecodedDatagram, DecoderSession, type Flow } from 'netflow-to-postgresql/decoder'
import { FLOW_COLUMNS } from '../../../writer/load/copy/flow-columns.ts'
import {
  EXPORT_SECONDS,
  hex,
  oneRecordMessage,
  set,
  template,
  v9Message,
  v9MessageOf,
  type WireField,
} from '../../helpers/netflow-bytes.ts'
import { Random } from '../../helpers/random.ts'

const RECEIVED_AT = EXPORT_SECONDS * 1000 + 250.125
const ORIGIN = { exporter: '192.0.2.1', receivedAt: RECEIVED_AT }

function decode(datagram: Uint8Array, session = new DecoderSession()): DecodedDatagram {
  return session.decodeDatagram(datagram, ORIGIN)
}

function flowOf(...fields: Parameters<typeof oneRecordMessage>[0]): Flow {
  const { flows } = decode(oneRecordMessage(fields))
  const [flow] = flows
  assert.ok(flow !== undefined && flows.length === 1)
  return flow
}

/** The fields of a flow that are not null. */
function present(flow: Flow): object {
  return Object.fromEntries(Object.entries(flow).filter(([, value]) => value !== null))
}

const V5 = hex(`
  0005 0001 05f5e100 6553f100 00000000 00000011 01 02 0000
  c0000201 c6336402 00000000 0003 0004 0000000a 00000400
  05f5d960 05f5dd48 01bb c001 00 18 06 00 fc00 fbf4 18 10 0000`)

describe('the decoder as a library', () => {
  it('returns the flows of v5 with the names of the columns', () => {
    const decoded = decode(V5)
    assert.ok(decoded.kind === 'decoded')
    assert.deepEqual(decoded.message, {
      exportVersion: 5,
      observationDomain: 0x0102,
      sequence: 17,
      exportTime: EXPORT_SECONDS * 1000,
      uptimeMs: 100_000_000,
    })
    assert.deepEqual(decoded.flows.map(present), [
      {
        received_at: RECEIVED_AT,
        exporter: '192.0.2.1',
        observation_domain: 0x0102,
        export_version: 5,
        flow_start: EXPORT_SECONDS * 1000 - 1952,
        flow_end: EXPORT_SECONDS * 1000 - 952,
        src_addr: '192.0.2.1',
        dst_addr: '198.51.100.2',
        next_hop: '0.0.0.0',
        input_if: 3,
        output_if: 4,
        packets: 10n,
        bytes: 1024n,
        src_port: 443,
        dst_port: 49153,
        tcp_flags: 0x18,
        protocol: 6,
        tos: 0,
        src_as: 64512,
        dst_as: 64500,
        src_mask: 24,
        dst_mask: 16,
      },
    ])
  })

  it('returns every column of the table and no other', () => {
    const [flow] = decode(V5).flows
    assert.ok(flow)
    assert.deepEqual(Object.keys(flow).sort(), FLOW_COLUMNS.map(({ name }) => name).sort())
  })

  it('returns counters and integers of extra exactly', () => {
    const flow = flowOf(
      [1, '7fffffffffffffff'],
      [2, '0020000000000001'],
      [163, 'fffffffffffffffe'],
      [164, '0000000000000007'],
      [82, '22 39393939393939393939393939393939393939 5c'],
    )
    assert.equal(flow.bytes, 9_223_372_036_854_775_807n)
    assert.equal(flow.packets, 9_007_199_254_740_993n)
    assert.deepEqual(flow.extra, {
      observedFlowTotalCount: 18_446_744_073_709_551_614n,
      ignoredPacketTotalCount: 7,
      interfaceName: '"9999999999999999999\\',
    })
  })

  it('writes MAC addresses with colons and IPv6 addresses in their shortest form', () => {
    assert.equal(flowOf([56, '0000005e0053']).src_mac, '00:00:00:5e:00:53')
    const addresses = [
      ['20010db8 00000000 00000000 00000001', '2001:db8::1'],
      ['00000000 00000000 00000000 00000001', '::1'],
      ['fe800000 00000000 00000000 00000000', 'fe80::'],
      ['20010000 00000001 00000000 00000001', '2001:0:0:1::1'],
      ['00100000 00000001 00000000 00010001', '10::1:0:0:1:1'],
      ['20010db8 00010001 00010001 00000001', '2001:db8:1:1:1:1:0:1'],
    ] as const
    for (const [bytes, text] of addresses) assert.equal(flowOf([27, bytes]).src_addr, text)
  })

  it('returns the flows of a set that came before its template, with its own receive time', () => {
    const session = new DecoderSession()
    const early = session.decodeDatagram(v9Message(set(256, '00000400')), ORIGIN)
    assert.ok(early.kind === 'decoded')
    assert.equal(early.counts.waitingSets, 1)
    assert.deepEqual(
      early.problems.map(({ code }) => code),
      ['no-template'],
    )
    assert.equal(session.waitingSets, 1)
    const late = session.decodeDatagram(v9Message(set(0, template(256, [[1, 4]]))), {
      ...ORIGIN,
      receivedAt: RECEIVED_AT + 5000,
    })
    assert.ok(late.kind === 'decoded')
    assert.equal(late.counts.releasedSets, 1)
    assert.deepEqual(
      late.flows.map(({ received_at, bytes }) => [received_at, bytes]),
      [[RECEIVED_AT, 1024n]],
    )
    assert.equal(session.waitingSets, 0)
  })

  it('gives up a set that waits for more than ten minutes, and counts it', () => {
    const session = new DecoderSession()
    decode(v9Message(set(256, '00000400')), session)
    session.decodeDatagram(V5, { ...ORIGIN, receivedAt: RECEIVED_AT + 600_000 })
    assert.deepEqual([session.waitingSets, session.expiredSets], [0, 1])
  })

  it('shares no template between exporters', () => {
    const session = new DecoderSession()
    decode(v9Message(set(0, template(256, [[1, 4]]))), session)
    const data = v9Message(set(256, '00000400'))
    assert.equal(decode(data, session).flows.length, 1)
    const other = session.decodeDatagram(data, { ...ORIGIN, exporter: '192.0.2.2' })
    assert.equal(other.flows.length, 0)
  })

  it('does not change a result when the next datagram comes', () => {
    const session = new DecoderSession()
    const first = decode(v9Message(set(256, '00000400')), session)
    const before = structuredClone(first)
    decode(V5, session)
    assert.deepEqual(first, before)
  })

  it('rejects datagrams that are no message, with a reason', () => {
    const session = new DecoderSession()
    const reasonOf = (datagram: Uint8Array) => {
      const decoded = decode(datagram, session)
      return decoded.kind === 'rejected' ? decoded.reason : undefined
    }
    assert.equal(reasonOf(new Uint8Array(0)), 'too-short')
    assert.equal(reasonOf(hex('002a 0000')), 'unsupported-version')
    assert.equal(reasonOf(new Uint8Array(65_508)), 'too-long')
    assert.equal(reasonOf(v9Message(hex('0000 0003'))), 'no-usable-set')
  })

  it('forgets the stream that was silent for longest when it has too many', () => {
    const session = new DecoderSession({ maxStreams: 2 })
    const definition = set(0, template(256, [[1, 4]]))
    const data = set(256, '00000400')
    const flowsOf = (sourceId: number, ...sets: readonly Buffer[]) =>
      decode(v9MessageOf({ sourceId }, ...sets), session).flows.length
    for (const sourceId of [1, 2]) flowsOf(sourceId, definition)
    assert.equal(flowsOf(1, data), 1)
    assert.equal(flowsOf(3, data), 0)
    assert.equal(flowsOf(1, data), 1)
    assert.equal(session.waitingSets, 1)
    assert.equal(flowsOf(2, data), 0)
    // The held sets of the third stream are gone with it.
    assert.deepEqual([session.waitingSets, session.expiredSets], [1, 1])
  })

  it('names fields by the elements of its own session', () => {
    const elements = [{ enterprise: 0, id: 57_600, name: 'acmeUser', type: 'string' }] as const
    const datagram = oneRecordMessage([[57_600, '6564676531']])
    const extraBy = (session: DecoderSession) => decode(datagram, session).flows[0]?.extra
    assert.deepEqual(extraBy(new DecoderSession({ elements })), { acmeUser: 'edge1' })
    assert.deepEqual(extraBy(new DecoderSession()), { '0.57600': '6564676531' })
  })

  it('throws when an element contradicts the registry or another element', () => {
    const element = { enterprise: 64_512, id: 7, name: 'acmeUser', type: 'string' } as const
    const sessionWith = (second: object) =>
      new DecoderSession({ elements: [element, { ...element, ...second }] })
    assert.throws(() => sessionWith({ id: 8 }), /^RangeError: elements\[1\]: elements\[0\] has/)
    assert.throws(() => sessionWith({ enterprise: 0, id: 8 }), /IANA's sourceIPv4Address/)
  })

  it('counts bytes after the end of a message', () => {
    const decoded = decode(Buffer.concat([V5, V5]))
    assert.ok(decoded.kind === 'decoded')
    assert.deepEqual([decoded.flows.length, decoded.counts.trailingBytes], [1, V5.length])
    assert.deepEqual(
      decoded.problems.map(({ code }) => code),
      ['second-message'],
    )
  })

  it('decodes exporters that share a name by the templates of their own ports', () => {
    const session = new DecoderSession()
    const send = (port: number, sequence: number, ...sets: readonly Buffer[]) => {
      const origin = { ...ORIGIN, port }
      return session.decodeDatagram(v9MessageOf({ sequence }, ...sets), origin)
    }
    send(5000, 10, set(0, template(256, [[1, 4]])))
    send(6000, 90, set(0, template(256, [[2, 4]])))
    const data = set(256, '0000002a')
    const { problems } = send(5000, 11, data)
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['templates-split-by-port'],
    )
    const flowsOf = [send(5000, 12, data), send(6000, 91, data)].map(({ flows }) => flows)
    assert.deepEqual(
      flowsOf.map(([flow]) => [flow?.bytes, flow?.packets]),
      [
        [42n, null],
        [null, 42n],
      ],
    )
    send(7000, 500, data)
    assert.equal(session.waitingSets, 1)
  })

  it('throws when the port is no UDP port', () => {
    const session = new DecoderSession()
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      assert.throws(() => session.decodeDatagram(V5, { ...ORIGIN, port }), /port must be/)
    }
  })

  it('throws when the receive time is no time', () => {
    const session = new DecoderSession()
    for (const receivedAt of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      assert.throws(() => session.decodeDatagram(V5, { ...ORIGIN, receivedAt }), /receivedAt/)
    }
  })

  it('survives 5,000 hostile datagrams', () => {
    const random = new Random(11)
    const session = new DecoderSession({ maxStreams: 100 })
    let flows = 0
    for (let index = 0; index < 5_000; index++) {
      const datagram = hostileMessage(random)
      try {
        flows += decode(datagram, session).flows.length
      } catch (cause) {
        throw new Error(`datagram ${index}: ${datagram.toString('hex')}`, { cause })
      }
    }
    assert.ok(flows > 3_000, `${flows} flows`)
  })
})

/** A v9 or IPFIX template of any fields with data of any bytes; some bytes are wrong. */
function hostileMessage(random: Random): Buffer {
  const fields = Array.from({ length: 1 + random.below(12) }, (): WireField => {
    return [1 + random.below(random.pick([30, 500])), random.pick([1, 2, 4, 8, 16, 65535])]
  })
  const data = Buffer.alloc(random.below(400))
  random.fill(data)
  const message = v9MessageOf(
    { sourceId: random.below(4) },
    set(0, template(256, fields)),
    set(256, data),
  )
  const bytes = random.below(2) === 0 ? message : asIpfix(message)
  if (random.below(3) === 0) bytes[random.below(bytes.length)] = random.below(256)
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

/** Turns a v9 message into IPFIX: another header, and template set 0 becomes 2. */
function asIpfix(message: Buffer): Buffer {
  const bytes = Buffer.concat([hex('000a 0000 6553f100 00000000 00000001'), message.subarray(20)])
  bytes.writeUInt16BE(bytes.length, 2)
  bytes.writeUInt16BE(2, 16)
  return bytes
}
