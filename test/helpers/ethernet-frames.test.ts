import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, ipLength, PROTOCOL } from './ethernet-frames.ts'

const ETHERNET_BYTES = 14

/** Sums 16-bit words as RFC 1071 does: bytes with a right checksum in them give 0xffff. */
function onesSum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts)
  let sum = 0
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte << 8 : byte
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

describe('built frames', () => {
  it('have the IPv4 header that is the common example of its checksum', () => {
    const frame = buildFrame({
      srcAddr: '192.168.0.1',
      dstAddr: '192.168.0.199',
      protocol: PROTOCOL.udp,
      payloadBytes: 87,
    })
    const header = frame.subarray(ETHERNET_BYTES, ETHERNET_BYTES + 20)
    assert.equal(header.toString('hex'), '4500007300004000401' + '1b861c0a80001c0a800c7')
    assert.equal(frame.length, ETHERNET_BYTES + 115)
  })

  it('have right transport checksums, odd lengths and IPv6 included', () => {
    const ends = {
      ipv4: { srcAddr: '192.0.2.1', dstAddr: '198.51.100.2', headerBytes: 20 },
      ipv6: { srcAddr: '2001:db8::1', dstAddr: '2001:db8:1::2', headerBytes: 40 },
    }
    for (const { headerBytes, ...addresses } of Object.values(ends)) {
      for (const protocol of [PROTOCOL.tcp, PROTOCOL.udp]) {
        const plan = { ...addresses, protocol, srcPort: 40_000, dstPort: 443, payloadBytes: 7 }
        const frame = buildFrame(plan)
        const ip = frame.subarray(ETHERNET_BYTES)
        const addressBytes = ip.subarray(headerBytes === 20 ? 12 : 8, headerBytes)
        const segment = ip.subarray(headerBytes)
        assert.equal(ip.length, ipLength(plan))
        const pseudo = Buffer.from([0, protocol, 0, segment.length])
        assert.equal(onesSum(addressBytes, pseudo, segment), 0xffff)
      }
    }
  })

  it('hold the type and code of ICMP, with a checksum of its own', () => {
    const frame = buildFrame({
      srcAddr: '192.0.2.1',
      dstAddr: '192.0.2.2',
      protocol: PROTOCOL.icmp,
      dstPort: 0x0301,
      payloadBytes: 0,
    })
    assert.equal(frame.subarray(ETHERNET_BYTES + 20).toString('hex'), '0301fcfe00000000')
  })
})
