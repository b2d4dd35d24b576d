/** The messages of the demonstration, byte by byte by the layouts of Cisco's v5 and of RFC 3954. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  dataSet,
  encodeAddress,
  encodeV5Message,
  encodeV9Message,
  optionsTemplateSet,
  templateSet,
} from '../../../launcher/demo/messages.ts'

const hex = (text: string) => text.replace(/\s/g, '')

describe('encodeV5Message', () => {
  const flow = {
    srcAddr: '192.0.2.1',
    dstAddr: '198.51.100.2',
    nextHop: '203.0.113.3',
    inputIf: 1,
    outputIf: 2,
    packets: 10,
    bytes: 1500,
    firstUptimeMs: 4096,
    lastUptimeMs: 8192,
    srcPort: 443,
    dstPort: 50000,
    tcpFlags: 0x1b,
    protocol: 6,
    tos: 8,
    srcAs: 64496,
    dstAs: 64511,
    srcMask: 24,
    dstMask: 16,
  }

  it('writes header and flow in network byte order', () => {
    const header = {
      sysUptimeMs: 65536,
      unixSeconds: 1_700_000_000,
      unixNanos: 500,
      sequence: 0xfffffffe,
      engineType: 1,
      engineId: 7,
      sampling: 0x4064,
    }
    const expected = hex(`
      0005 0001 00010000 6553f100 000001f4 fffffffe 01 07 4064
      c0000201 c6336402 cb007103 0001 0002 0000000a 000005dc 00001000 00002000
      01bb c350 00 1b 06 08 fbf0 fbff 18 10 0000`)
    assert.equal(encodeV5Message(header, [flow]).toString('hex'), expected)
  })

  it('refuses a 31st flow and a value outside its field', () => {
    const header = { sysUptimeMs: 0, unixSeconds: 0, sequence: 0 }
    assert.throws(() => encodeV5Message(header, new Array(31).fill(flow)), RangeError)
    assert.throws(() => encodeV5Message(header, [{ ...flow, srcPort: 65536 }]), RangeError)
  })
})

describe('encodeV9Message', () => {
  const header = { sysUptimeMs: 1, unixSeconds: 2, sequence: 3, sourceId: 4 }
  const template = {
    id: 256,
    fields: [
      [8, 4],
      [1, 3],
      [4, 1],
      [7, 2],
    ],
  } as const
  const samplerOptions = {
    id: 257,
    scopes: [[1, 4]],
    fields: [
      [48, 1],
      [34, 4],
      [84, 6],
    ],
  } as const

  it('counts the records of all sets and pads each set to four bytes', () => {
    const message = encodeV9Message(header, [
      templateSet([template]),
      dataSet(template, [
        ['192.0.2.1', 1500, 6, 443],
        ['192.0.2.2', 0xffffffn >> 8n, 17, 53],
      ]),
      dataSet({ id: 300, fields: [[4, 1]] }, [[1]]),
    ])
    const expected = hex(`
      0009 0004 00000001 00000002 00000003 00000004
      0000 0018 0100 0004 0008 0004 0001 0003 0004 0001 0007 0002
      0100 0018 c0000201 0005dc 06 01bb c0000202 00ffff 11 0035
      012c 0008 01 000000`)
    assert.equal(message.toString('hex'), expected)
  })

  it('writes the lengths of an options template in bytes, and scopes before options', () => {
    const message = encodeV9Message(header, [
      optionsTemplateSet([samplerOptions]),
      dataSet(samplerOptions, [[0, 9, 100, 'edge']]),
    ])
    const expected = hex(`
      0009 0002 00000001 00000002 00000003 00000004
      0001 001c 0101 0004 000c 0001 0004 0030 0001 0022 0004 0054 0006 0000
      0101 0014 00000000 09 00000064 656467650000 00`)
    assert.equal(message.toString('hex'), expected)
  })

  it('refuses values that do not fit their field', () => {
    assert.throws(() => dataSet({ id: 256, fields: [[4, 1]] }, [[256]]), RangeError)
    assert.throws(() => dataSet({ id: 256, fields: [[8, 4]] }, [['::1']]), RangeError)
    assert.throws(() => dataSet({ id: 256, fields: [[84, 3]] }, [['edge']]), RangeError)
    assert.throws(() => dataSet({ id: 256, fields: [[4, 1]] }, [[]]), RangeError)
  })
})

describe('encodeAddress', () => {
  it('expands every text form of IPv6', () => {
    const expand = (address: string) => encodeAddress(address, 16).toString('hex')
    assert.equal(expand('::'), '0'.repeat(32))
    assert.equal(expand('2001:db8::1'), `20010db8${'0'.repeat(23)}1`)
    assert.equal(expand('2001:db8:1:2:3:4:5:6'), '20010db8000100020003000400050006')
    assert.equal(expand('::ffff:192.0.2.1'), `${'0'.repeat(20)}ffffc0000201`)
    assert.equal(expand('fe80::'), `fe80${'0'.repeat(28)}`)
  })
})
