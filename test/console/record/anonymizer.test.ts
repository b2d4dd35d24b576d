import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AddressCipher } from '../../../console/record/address-cipher.ts'
import { Anonymizer } from '../../../console/record/anonymizer.ts'
import { DecoderSession, type Flow } from '../../../writer/netflow/library.ts'
import {
  ipfixMessageOf,
  ipfixTemplate,
  set,
  template,
  v9MessageOf,
  wire,
} from '../../helpers/netflow-bytes.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'

const KEY = 'a key'
const NOW = Date.parse('2026-11-28T12:00:00Z')
const ORIGIN = { receivedAtMicros: NOW * 1000, address: '192.0.2.7', port: 5 }

function commonBits(a: Buffer, b: Buffer): number {
  for (let bit = 0; bit < a.length * 8; bit++) {
    const differ = ((a[bit >>> 3] as number) ^ (b[bit >>> 3] as number)) >>> (7 - (bit & 7))
    if (differ & 1) return bit
  }
  return a.length * 8
}

describe('AddressCipher', () => {
  for (const size of [4, 16]) {
    it(`keeps common prefixes of ${size} bytes, and no more`, () => {
      const cipher = new AddressCipher(KEY)
      const address = fc.uint8Array({ minLength: size, maxLength: size })
      fc.assert(
        fc.property(address, address, fc.nat(size * 8), (first, second, shared) => {
          const a = Buffer.from(first)
          const b = Buffer.from(second)
          for (let bit = 0; bit < shared; bit++) {
            const at = bit >>> 3
            const mask = 0x80 >>> (bit & 7)
            b[at] = ((b[at] as number) & ~mask) | ((a[at] as number) & mask)
          }
          if (a.every((byte) => byte === 0) || b.every((byte) => byte === 0)) return
          assert.equal(commonBits(cipher.replace(a), cipher.replace(b)), commonBits(a, b))
        }),
        { numRuns: 300 },
      )
    })
  }

  it('depends on the key, and on nothing else', () => {
    const address = Buffer.from([192, 0, 2, 1])
    const once = new AddressCipher(KEY).replace(address)
    assert.deepEqual(new AddressCipher(KEY).replace(address), once)
    assert.notDeepEqual(new AddressCipher('another').replace(address), once)
    assert.notDeepEqual(once, address)
    assert.deepEqual(new AddressCipher(KEY).replace(Buffer.alloc(4)), Buffer.alloc(4))
  })
})

function decode(payload: Buffer, exporter: string, session = new DecoderSession()) {
  const result = session.decodeDatagram(payload, { exporter, receivedAt: NOW })
  assert.equal(result.kind, 'decoded')
  return result.kind === 'decoded' ? result : assert.fail()
}

const HIDDEN: readonly (keyof Flow)[] = ['exporter', 'src_addr', 'dst_addr', 'next_hop']

function visible(flow: Flow): Partial<Flow> {
  return Object.fromEntries(
    Object.entries(flow).filter(([name]) => !HIDDEN.includes(name as keyof Flow)),
  )
}

/** Anonymizes, and asserts that the structure is the same. */
function anonymize(payload: Buffer, anonymizer = new Anonymizer(KEY)) {
  const result = anonymizer.anonymize({ ...ORIGIN, payload })
  assert.equal(result.result, 'whole')
  return result.result === 'whole' ? result.datagram : assert.fail()
}

describe('Anonymizer', () => {
  for (const version of [5, 9, 10] as const) {
    it(`replaces the addresses of v${version} and keeps all the rest`, () => {
      const header = { now: NOW, uptimeMs: 60_000, sequence: 4, domain: 3 }
      const payload = encodeNumbered(version, header, { first: 1, count: 4, withTemplate: true })
      const hidden = anonymize(payload)
      const before = decode(payload, ORIGIN.address)
      const after = decode(hidden.payload, hidden.address)
      assert.deepEqual(after.message, before.message)
      assert.deepEqual(after.counts, before.counts)
      assert.deepEqual(after.flows.map(visible), before.flows.map(visible))
      const cipher = new AddressCipher(KEY)
      const expected = cipher.replace(Buffer.from([192, 0, 2, 1])).join('.')
      assert.ok(after.flows.every(({ src_addr }) => src_addr === expected))
      assert.equal(hidden.address, cipher.replace(Buffer.from([192, 0, 2, 7])).join('.'))
      assert.equal(hidden.port, ORIGIN.port)
    })
  }

  it('replaces the addresses of v1, v6, v7 and every scheme of v8', () => {
    const sizes = { 1: [16, 48], 6: [24, 52], 7: [24, 52] } as const
    for (const [version, [header, record]] of Object.entries(sizes)) {
      const payload = Buffer.alloc(header + record, 0x0a)
      payload.writeUInt16BE(Number(version), 0)
      payload.writeUInt16BE(1, 2)
      const { payload: hidden } = anonymize(payload)
      for (const at of [0, 4, 8, ...(version === '1' ? [] : [48])]) {
        assert.notDeepEqual(hidden.subarray(header + at).subarray(0, 4), Buffer.alloc(4, 0x0a))
      }
      assert.deepEqual(
        hidden.subarray(header + 12, header + 48),
        payload.subarray(header + 12, header + 48),
      )
    }
    for (let scheme = 1; scheme <= 14; scheme++) {
      const payload = Buffer.alloc(28 + 44, 0x0a)
      payload.writeUInt16BE(8, 0)
      payload.writeUInt16BE(1, 2)
      payload.writeUInt8(scheme, 22)
      const text = (bytes: Buffer) =>
        decode(bytes, 'x').flows.map((flow) => [
          flow.src_addr,
          flow.dst_addr,
          flow.extra?.['routerSc'],
        ])
      const plain = text(payload)
        .flat()
        .filter((value) => value === '10.10.10.10').length
      const { payload: hidden } = anonymize(payload)
      assert.deepEqual(
        text(hidden)
          .flat()
          .filter((value) => value === '10.10.10.10'),
        [],
        `scheme ${scheme}`,
      )
      assert.equal(plain > 0, ![1, 2, 9, 10].includes(scheme), `scheme ${scheme}`)
    }
  })

  it('replaces names, MAC addresses and unknown elements, and leaves numbers and applications', () => {
    const fields = [
      ...[
        [56, 6],
        [82, 8],
        [95, 4],
        [27, 16],
        [7, 2],
      ],
    ] as const
    const record = wire(
      '020000000001 6574683000000000 0d000001',
      '20010db8000000000000000000000001 01bb',
    )
    const payload = v9MessageOf(
      { uptimeMs: 1, unixSeconds: NOW / 1000, sequence: 1, sourceId: 1 },
      set(0, template(256, fields)),
      set(256, record),
    )
    const [flow] = decode(anonymize(payload).payload, 'x').flows
    assert.equal(flow?.src_port, 443)
    assert.match(flow?.src_mac ?? '', /^..(:..){5}$/)
    assert.notEqual(flow?.src_mac, '02:00:00:00:00:01')
    assert.match(String(flow?.extra?.['interfaceName']), /^[a-z]{4}$/)
    assert.notEqual(flow?.extra?.['interfaceName'], 'eth0')
    assert.notEqual(flow?.src_addr, '2001:db8::1')
    const application = decode(payload, 'x').flows[0]?.extra?.['applicationId']
    assert.deepEqual(flow?.extra?.['applicationId'], application)
  })

  it('keeps whether a MAC address is of a group, and addresses of nobody and of all', () => {
    const addresses = ['01005e000001', '020000000001', '000000000000', 'ffffffffffff']
    const payload = v9MessageOf(
      { uptimeMs: 1, unixSeconds: NOW / 1000, sequence: 1, sourceId: 1 },
      set(0, template(256, [[56, 6]])),
      set(256, ...addresses),
    )
    // The key decides the replaced bits: of many keys, some would change the one of the group.
    for (let key = 0; key < 20; key += 1) {
      const { flows } = decode(anonymize(payload, new Anonymizer(`key ${key}`)).payload, 'x')
      const [group, single, nobody, all] = flows.map(({ src_mac }) => String(src_mac))
      const isGroup = (mac = '') => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
      assert.deepEqual([isGroup(group), isGroup(single)], [true, false])
      assert.notEqual(group, '01:00:5e:00:00:01')
      assert.deepEqual([nobody, all], ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'])
    }
  })

  it('replaces the addresses in lists', () => {
    const list = wire('03 0008 0004 c0000201 c0000202')
    const payload = ipfixMessageOf(
      { exportSeconds: NOW / 1000, sequence: 1, domain: 1 },
      set(2, ipfixTemplate(256, [[291, 65_535]])),
      set(256, wire(list.length.toString(16).padStart(2, '0')), list),
    )
    const hidden = anonymize(payload).payload.toString('hex')
    assert.equal(hidden.length, payload.length * 2)
    assert.ok(!hidden.includes('c00002'))
  })

  it('leaves a datagram out whose template it has not seen, or that it cannot read', () => {
    const header = { now: NOW, uptimeMs: 60_000, sequence: 4, domain: 3 }
    const payload = encodeNumbered(9, header, { first: 1, count: 4, withTemplate: false })
    const anonymizer = new Anonymizer(KEY)
    assert.deepEqual(anonymizer.anonymize({ ...ORIGIN, payload }), { result: 'no-template' })
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('secret text, no message'),
      payload.subarray(0, 30),
    ]) {
      assert.deepEqual(anonymizer.anonymize({ ...ORIGIN, payload: bytes }), {
        result: 'unreadable',
      })
    }
  })
})
