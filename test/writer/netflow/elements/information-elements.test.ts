/** The generated table of information elements is well formed, and every element is found. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  findElement,
  STANDARD_ELEMENTS,
} from '../../../../writer/netflow/elements/element-registry.ts'
import {
  IE,
  INFORMATION_ELEMENTS,
} from '../../../../writer/netflow/elements/information-elements.ts'

const TYPES = new Set(
  `unsigned8 unsigned16 unsigned32 unsigned64 signed8 signed16 signed32 signed64 float32 float64
  boolean macAddress octetArray string dateTimeSeconds dateTimeMilliseconds dateTimeMicroseconds
  dateTimeNanoseconds ipv4Address ipv6Address basicList subTemplateList subTemplateMultiList`.split(
    /\s+/,
  ),
)

describe('the table of information elements', () => {
  it('has lines of id, name and abstract data type', () => {
    for (const [enterprise, elements] of INFORMATION_ELEMENTS) {
      for (const line of elements.split('\n')) {
        const [, id, , type] = /^(\d+) ([A-Za-z][\w.-]*) (\w+)$/.exec(line) ?? []
        assert.ok(type !== undefined && TYPES.has(type), `${enterprise}: ${line}`)
        assert.ok(Number(id) >= 1 && Number(id) <= 65535, `${enterprise}: ${line}`)
      }
    }
  })

  it('has each enterprise, each id of an enterprise and each name of IANA once', () => {
    const enterprises = INFORMATION_ELEMENTS.map(([enterprise]) => enterprise)
    assert.equal(new Set(enterprises).size, enterprises.length)
    for (const [enterprise, elements] of INFORMATION_ELEMENTS) {
      const lines = elements.split('\n').map((line) => line.split(' '))
      assert.equal(new Set(lines.map(([id]) => id)).size, lines.length, `${enterprise}`)
      if (enterprise !== 0) continue
      assert.equal(new Set(lines.map(([, name]) => name)).size, lines.length)
    }
  })

  it('has a constant for each element of IANA, of the same name and id', () => {
    const iana = INFORMATION_ELEMENTS.find(([enterprise]) => enterprise === 0)?.[1] ?? ''
    const lines = Object.entries(IE).map(([name, id]) => `${id} ${name}`)
    assert.deepEqual(
      lines,
      iana.split('\n').map((line) => line.split(' ').slice(0, 2).join(' ')),
    )
  })

  const known = [
    [0, 1, 'octetDeltaCount', 'unsigned64'],
    [0, 4, 'protocolIdentifier', 'unsigned8'],
    [0, 8, 'sourceIPv4Address', 'ipv4Address'],
    [0, 28, 'destinationIPv6Address', 'ipv6Address'],
    [0, 32, 'icmpTypeCodeIPv4', 'unsigned16'],
    [0, 48, 'samplerId', 'unsigned8'],
    [0, 56, 'sourceMacAddress', 'macAddress'],
    [0, 82, 'interfaceName', 'string'],
    [0, 95, 'applicationId', 'octetArray'],
    [0, 152, 'flowStartMilliseconds', 'dateTimeMilliseconds'],
    [0, 156, 'flowStartNanoseconds', 'dateTimeNanoseconds'],
    [0, 210, 'paddingOctets', 'octetArray'],
    [0, 233, 'firewallEvent', 'unsigned8'],
    [0, 276, 'dataRecordsReliability', 'boolean'],
    [0, 311, 'samplingProbability', 'float64'],
  ] as const

  for (const [enterprise, id, name, type] of known) {
    it(`knows ${enterprise}.${id} as ${name}`, () => {
      assert.deepEqual(findElement(enterprise, id), { name, type })
      assert.equal(STANDARD_ELEMENTS.nameOf(enterprise, id), name)
    })
  }

  it('names unknown elements by their numbers', () => {
    assert.equal(findElement(0, 40999), undefined)
    assert.equal(findElement(4_294_967_295, 1), undefined)
    assert.equal(STANDARD_ELEMENTS.nameOf(0, 40999), '0.40999')
    assert.equal(STANDARD_ELEMENTS.nameOf(4_294_967_295, 1), '4294967295.1')
  })
})
