/** Lists in records: basicList, subTemplateList, subTemplateMultiList (RFC 6313), good and bad. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, variableExtraOf } from '../../../helpers/decoder-harness.ts'
import {
  hex,
  type IpfixField,
  ipfixMessage,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  type Wire,
  wire,
  words,
} from '../../../helpers/netflow-bytes.ts'

const BASIC = 291
const SUB_TEMPLATE = 292
const MULTI = 293

const listOf = (id: number, content: string): unknown => {
  const extra = variableExtraOf(id, variable(content)) as Record<string, unknown>
  return Object.values(extra)[0]
}

describe('a basicList', () => {
  const ports = (values: readonly number[]) => ({ element: 'sourceTransportPort', values })

  it('has values of one element, and their semantic', () => {
    const meanings = ['noneOf', 'exactlyOneOf', 'oneOrMoreOf', 'allOf', 'ordered', '5']
    for (const [code, semantic] of [...meanings.entries(), [255, 'undefined'] as const]) {
      const content = `${code.toString(16).padStart(2, '0')} 0007 0002 0050 01bb`
      assert.deepEqual(listOf(BASIC, content), { semantic, ...ports([80, 443]) })
    }
  })

  it('may have no values, an element of an enterprise, and no bytes', () => {
    assert.deepEqual(listOf(BASIC, '03 0007 0002'), { semantic: 'allOf', ...ports([]) })
    assert.deepEqual(listOf(BASIC, '03 0007 0000'), { semantic: 'allOf', ...ports([]) })
    const values = ['0102', '0304']
    assert.deepEqual(listOf(BASIC, '03 8005 0002 00000009 0102 0304'), {
      semantic: 'allOf',
      element: '9.5',
      values,
    })
  })

  it('may have values of variable length, in either form', () => {
    assert.deepEqual(listOf(BASIC, '04 0052 ffff 04 65746830 00 ff 0002 6c6f'), {
      semantic: 'ordered',
      element: 'interfaceName',
      values: ['eth0', '', 'lo'],
    })
  })

  it('in a field of fixed length is the same', () => {
    const message = ipfixMessage(
      set(2, ipfixTemplate(256, [[BASIC, 9]])),
      set(256, '03 0007 0002 0050 01bb'),
    )
    const { flows } = decodeAlone(message)
    const extra =
      '{"basicList":{"semantic":"allOf","element":"sourceTransportPort","values":[80,443]}}'
    assert.deepEqual(flows, [{ extra }])
  })

  it('that is broken is written as hex', () => {
    for (const broken of [
      '03',
      '03 0007 00',
      '03 0007 0002 0050 01',
      '03 8005 0002 0000',
      '03 0007 0000 0050',
      '03 0052 ffff 05 61626364',
      '03 0052 ffff ff',
      '03 0052 ffff ff 00',
      '03 0052 ffff ff 0002 61',
    ]) {
      assert.equal(listOf(BASIC, broken), hex(broken).toString('hex'))
    }
    assert.equal(listOf(BASIC, ''), '')
  })

  it('is named by its element if the registry has it', () => {
    const communities = listOf(484, '03 01e3 0004 00010002')
    assert.deepEqual(communities, { semantic: 'allOf', element: 'bgpCommunity', values: [65_538] })
  })
})

/** Decodes one list with the definitions of its templates. */
function listWith(
  templates: readonly (readonly [id: number, fields: readonly IpfixField[]])[],
  id: number,
  content: Wire,
): unknown {
  const value = wire(content)
  const definitions = templates.map(([id, fields]) => ipfixTemplate(id, fields))
  const message = ipfixMessage(
    set(2, ...definitions, ipfixTemplate(300, [[id, VARIABLE]])),
    set(300, variable(value.toString('hex'), 'long')),
  )
  const { flows, problems } = decodeAlone(message)
  assert.deepEqual(problems, [])
  return Object.values(JSON.parse(String(flows[0]?.extra)) as Record<string, unknown>)[0]
}

const HOP: readonly IpfixField[] = [
  [8, 4],
  [7, 2],
]

describe('a subTemplateList', () => {
  it('has records of one template', () => {
    const list = listWith([[257, HOP]], SUB_TEMPLATE, '03 0101 c0000201 0050 c0000202 01bb')
    assert.deepEqual(list, {
      semantic: 'allOf',
      templateId: 257,
      records: [
        { sourceIPv4Address: '192.0.2.1', sourceTransportPort: 80 },
        { sourceIPv4Address: '192.0.2.2', sourceTransportPort: 443 },
      ],
    })
  })

  it('may have no records', () => {
    const list = listWith([[257, HOP]], SUB_TEMPLATE, '03 0101')
    assert.deepEqual(list, { semantic: 'allOf', templateId: 257, records: [] })
  })

  it('of an unknown template has its records as hex', () => {
    const list = listWith([], SUB_TEMPLATE, '03 0101 c0000201 0050')
    assert.deepEqual(list, { semantic: 'allOf', templateId: 257, hex: 'c00002010050' })
  })

  it('has fields of variable length, repeated ones, and no padding', () => {
    const fields: readonly IpfixField[] = [
      [82, VARIABLE],
      [7, 2],
      [210, 1],
      [7, 2],
      [83, VARIABLE],
    ]
    const list = listWith([[257, fields]], SUB_TEMPLATE, '03 0101 01 61 0050 ff 01bb 00')
    const interfaces = { interfaceName: 'a', interfaceDescription: '' }
    const records = [{ ...interfaces, sourceTransportPort: [80, 443] }]
    assert.deepEqual(list, { semantic: 'allOf', templateId: 257, records })
  })

  it('that is broken is written as hex', () => {
    const varying: readonly IpfixField[] = [[82, VARIABLE]]
    for (const [fields, broken] of [
      [HOP, '03'],
      [HOP, '03 01'],
      [HOP, '03 0101 c0000201 0050 c000'],
      [varying, '03 0101 02 61'],
      [varying, '03 0101 ff 00'],
    ] as const) {
      const list = listWith([[257, fields]], SUB_TEMPLATE, broken)
      assert.equal(list, hex(broken).toString('hex'))
    }
  })
})

describe('a subTemplateMultiList', () => {
  it('has records of several templates, known or not', () => {
    const list = listWith(
      [
        [257, HOP],
        [258, [[1, 1]]],
      ],
      MULTI,
      '04 0101 000a c0000201 0050  0102 0006 05 06  0103 0005 ff  0102 0004',
    )
    assert.deepEqual(list, {
      semantic: 'ordered',
      lists: [
        { templateId: 257, records: [{ sourceIPv4Address: '192.0.2.1', sourceTransportPort: 80 }] },
        { templateId: 258, records: [{ octetDeltaCount: 5 }, { octetDeltaCount: 6 }] },
        { templateId: 259, hex: 'ff' },
        { templateId: 258, records: [] },
      ],
    })
  })

  it('that is broken is written as hex', () => {
    for (const broken of [
      '04 0101 0003',
      '04 0101 0000 0101 0004',
      '04 0101 000b c0000201 0050',
      '04 0101 0009 c0000201 00',
      '04 0101 0004 0101 00',
    ]) {
      assert.equal(listWith([[257, HOP]], MULTI, broken), hex(broken).toString('hex'))
    }
  })
})

describe('lists in lists', () => {
  it('are read to a depth of four; deeper lists are hex', () => {
    let content = hex('03 0007 0002 0050')
    for (let depth = 0; depth < 5; depth++) {
      content = wire('03 0123 ffff', variable(content.toString('hex')))
    }
    const list = listWith([], BASIC, content)
    const levels: unknown[] = []
    for (let level = list; typeof level === 'object'; ) {
      levels.push((level as { element: unknown }).element)
      level = (level as { values: unknown[] }).values[0]
    }
    assert.deepEqual(levels, ['basicList', 'basicList', 'basicList', 'basicList'])
  })

  it('may have a template that contains itself', () => {
    const fields: readonly IpfixField[] = [
      [1, 1],
      [SUB_TEMPLATE, VARIABLE],
    ]
    const inner = wire('03 0101 02', variable(''))
    const outer = wire('03 0101 01', variable(inner.toString('hex')))
    const list = listWith([[257, fields]], SUB_TEMPLATE, outer)
    const deepest = [{ octetDeltaCount: 2, subTemplateList: '' }]
    const deeper = { semantic: 'allOf', templateId: 257, records: deepest }
    assert.deepEqual(list, {
      semantic: 'allOf',
      templateId: 257,
      records: [{ octetDeltaCount: 1, subTemplateList: deeper }],
    })
  })

  it('that are broken do not affect their neighbours', () => {
    const fields: readonly IpfixField[] = [
      [1, 1],
      [BASIC, VARIABLE],
    ]
    const list = listWith([[257, fields]], SUB_TEMPLATE, wire('03 0101 01', variable('03 00')))
    const records = [{ octetDeltaCount: 1, basicList: '0300' }]
    assert.deepEqual(list, { semantic: 'allOf', templateId: 257, records })
  })

  it('do not prevent the columns of their record', () => {
    const fields: readonly IpfixField[] = [
      [1, 2],
      [BASIC, VARIABLE],
      [2, 2],
    ]
    const message = ipfixMessage(
      set(2, ipfixTemplate(256, fields)),
      set(256, words(1), variable('03 0007 0002 0050'), words(2)),
    )
    const [flow] = decodeAlone(message).flows
    assert.deepEqual([flow?.bytes, flow?.packets], [1, 2])
  })
})
