/** The text of an elements file, and the values of its elements in `extra`. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decoder } from '../../../../writer/netflow/decode.ts'
import {
  DATA_TYPES,
  ElementRegistry,
  findElement,
} from '../../../../writer/netflow/elements/element-registry.ts'
import { parseElements } from '../../../../writer/netflow/elements/elements-file.ts'
import { StreamMemory } from '../../../../writer/netflow/memory/stream-memory.ts'
import { codeBlocks, readDocument, sectionOf } from '../../../helpers/markdown.ts'
import {
  type IpfixField,
  ipfixMessage,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  type Wire,
} from '../../../helpers/netflow-bytes.ts'

const ACME = 64_512

/** Decodes a record of IPFIX with the elements of a file; returns `extra`. */
function extraOf(file: string, fields: readonly IpfixField[], ...values: readonly Wire[]): unknown {
  const { elements, problems } = parseElements(file)
  assert.deepEqual(problems, [])
  const decoder = new Decoder(new ElementRegistry(elements))
  const message = ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, ...values))
  message.copy(decoder.datagram.bytes)
  assert.equal(decoder.readHeader(message.length), undefined)
  const exporterBytes = Uint8Array.of(192, 0, 2, 1)
  const key = { exporter: '192.0.2.1', exporterBytes, exportVersion: 10, observationDomain: 7 }
  const extras: string[] = []
  decoder.decode(new StreamMemory(key), 0, ({ extra }) => extras.push(extra))
  return JSON.parse(extras.join())
}

describe('an elements file', () => {
  it('has comments, blank lines, spaces, quotes, and a header or none', () => {
    const expected = [
      { enterprise: ACME, id: 7, name: 'acmeUser', type: 'string' },
      { enterprise: 0, id: 57_600, name: 'acmeScore', type: 'unsigned32' },
    ]
    for (const file of [
      '64512,7,acmeUser,string\n0,57600,acmeScore,unsigned32',
      '\uFEFF# ours\r\n\r\nenterprise,id,name,type\r\n64512,7,acmeUser,string # a name\r\n0,57600,acmeScore,unsigned32\r\n',
      '"PEN","ID","Name","Type"\n 64512 ,\t7, "acmeUser" ,string\n\n"0","57600","acmeScore","unsigned32"\n',
    ]) {
      assert.deepEqual(parseElements(file), { elements: expected, problems: [] })
    }
    assert.deepEqual(parseElements('# nothing\n'), { elements: [], problems: [] })
  })

  it('is refused with every line that is wrong, and what to do', () => {
    const file = [
      'enterprise,id,name,type',
      '64512,7,acmeUser,string',
      '64512;8;acmeHost;string',
      '64512,8,acmeHost',
      '0x9,8,acmeHost,string',
      '64512,,acmeHost,string',
      '64512,8,acmeHost,strng',
      '64512,7,acmeOther,string',
      '64512,9,acmeUser,string',
      'enterprise,id,name,type',
    ]
    const { problems } = parseElements(file.join('\n'))
    const beginnings = [
      'line 3: 1 values, not four; write enterprise,id,name,type',
      'line 4: 3 values, not four; write enterprise,id,name,type',
      'line 5: the enterprise "0x9" is not a whole number',
      'line 6: the id "" is not a whole number',
      'line 7: unknown type "strng"; use one of unsigned8,',
      'line 8: line 2 defines element 64512.7 already; remove one of them',
      'line 9: line 2 has the name acmeUser already; choose another one',
      'line 10: the enterprise "enterprise" is not a whole number',
    ]
    assert.deepEqual(
      problems.map((problem, index) => problem.slice(0, beginnings[index]?.length)),
      beginnings,
    )
  })

  it('of the documents is right, and the documents have every type', () => {
    const section = sectionOf(readDocument('writer/OPERATING.md'), 'Elements')
    const [example = ''] = codeBlocks(section, 'csv')
    const { elements, problems } = parseElements(example)
    assert.deepEqual([elements.length, problems], [3, []])
    const sizes = /`(un)?signed8` to `(un)?signed64`/g
    const types = DATA_TYPES.filter((type) => !/^(un)?signed/.test(type))
    for (const type of types) assert.ok(section.includes(`\`${type}\``), type)
    assert.equal(section.match(sizes)?.length, 2)
  })
})

describe('elements of a file', () => {
  it('have a name in extra, and a value of their type', () => {
    const file = `
      64512,1,acmeUser,string
      64512,2,acmeScore,unsigned32
      64512,3,acmeBalance,signed16
      64512,4,acmeRelay,ipv4Address
      64512,5,acmeRelay6,ipv6Address
      64512,6,acmePort,macAddress
      64512,7,acmeAt,dateTimeSeconds
      64512,8,acmeLoad,float32`
    const fields: IpfixField[] = [
      [1, VARIABLE, ACME],
      ...[4, 2, 4, 16, 6, 4, 4].map((length, at): IpfixField => [at + 2, length, ACME]),
    ]
    const values = [
      variable('6564676531'),
      '0000002a fffe c0000201 20010db8000100020003000400050006 005056c00001 6553f100 3fc00000',
    ]
    assert.deepEqual(extraOf(file, fields, ...values), {
      acmeUser: 'edge1',
      acmeScore: 42,
      acmeBalance: -2,
      acmeRelay: '192.0.2.1',
      acmeRelay6: '2001:db8:1:2:3:4:5:6',
      acmePort: '00:50:56:c0:00:01',
      acmeAt: '2023-11-14T22:13:20.000Z',
      acmeLoad: 1.5,
    })
  })

  it('stay hex if their length is none of their type', () => {
    const extra = extraOf('64512,1,acmeRelay,ipv4Address', [[1, 3, ACME]], 'c00002')
    assert.deepEqual(extra, { acmeRelay: 'c00002' })
  })

  it('are known in lists, too', () => {
    const list = wireList()
    const extra = extraOf('64512,1,acmeUser,string', [[291, VARIABLE]], variable(list))
    assert.deepEqual(extra, {
      basicList: { semantic: 'allOf', element: 'acmeUser', values: ['ab', 'cd'] },
    })
  })

  it('replace those of the registry for their own decoder only', () => {
    const file = '9,12235,acmeHost,octetArray'
    assert.deepEqual(extraOf(file, [[12_235, 2, 9]], '6162'), { acmeHost: '6162' })
    assert.deepEqual(extraOf('', [[12_235, 2, 9]], '6162'), { appHTTPHost: 'ab' })
    assert.equal(findElement(9, 12_235)?.name, 'appHTTPHost')
  })
})

/** A basicList of two values of 64512/1, two bytes each. */
function wireList(): string {
  return '03 8001 0002 0000fc00 6162 6364'
}
