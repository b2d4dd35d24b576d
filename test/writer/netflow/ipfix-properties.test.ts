/** Properties of every IPFIX message: encoded values come back, and a cut message is not used. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  findElement,
  STANDARD_ELEMENTS,
} from '../../../writer/netflow/elements/element-registry.ts'
import { type DecodedFlow, DecoderHarness, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  type IpfixField,
  ipfixMessage,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  wire,
} from '../../helpers/netflow-bytes.ts'

const RUNS = { seed: 20_251, numRuns: 300 } as const

/** Elements with a column, and the bits that it holds. */
const COLUMNS = new Map([
  [1, { name: 'bytes', bits: 63 }],
  [2, { name: 'packets', bits: 63 }],
  [5, { name: 'tos', bits: 15 }],
  [7, { name: 'srcPort', bits: 31 }],
  [10, { name: 'inputIf', bits: 53 }],
  [17, { name: 'dstAs', bits: 53 }],
  [136, { name: 'flowEndReason', bits: 15 }],
] as const)

/** Integers by name, bytes of unknown elements, and elements of an enterprise with the same ids. */
const OTHERS: readonly (readonly [id: number, enterprise: number])[] = [
  [3, 0],
  [148, 0],
  [312, 0],
  [20_000, 0],
  [1, 9],
  [32_767, 4_294_967_295],
]

interface Column {
  readonly id: number
  readonly enterprise: number
  readonly form: 'fixed' | 'short' | 'long'
  readonly values: readonly Uint8Array[]
}

function columnOf(id: number, enterprise: number, records: number): fc.Arbitrary<Column> {
  const isInteger = findElement(enterprise, id) !== undefined
  const size = fc.integer({ min: 1, max: isInteger ? 8 : 300 })
  // A number of variable length fits no column.
  const forms = COLUMNS.has(id as 1) || isInteger ? ['fixed'] : ['fixed', 'short', 'long']
  return fc.tuple(size, fc.constantFrom(...(forms as Column['form'][]))).chain(([length, form]) => {
    const minLength = form === 'fixed' ? length : 0
    const maxLength = form === 'short' ? Math.min(length, 254) : length
    return fc
      .array(fc.uint8Array({ minLength, maxLength }), { minLength: records, maxLength: records })
      .map((values): Column => ({ id, enterprise, form, values }))
  })
}

const messages = fc.integer({ min: 1, max: 4 }).chain((records) => {
  const columns = [
    ...[...COLUMNS.keys()].map((id) => columnOf(id, 0, records)),
    ...OTHERS.map(([id, enterprise]) => columnOf(id, enterprise, records)),
  ]
  return fc
    .shuffledSubarray(columns, { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen))
    .map((chosen) => ({ records, columns: chosen }))
})

function expectFlow(columns: readonly Column[], index: number): DecodedFlow {
  const flow: DecodedFlow = {}
  const extra: string[] = []
  for (const { id, enterprise, values } of columns) {
    const digits = Buffer.from(values[index] ?? []).toString('hex')
    const column = enterprise === 0 ? COLUMNS.get(id as 1) : undefined
    const value = digits === '' ? 0n : BigInt(`0x${digits}`)
    const isInteger = findElement(enterprise, id) !== undefined
    if (column && value < 1n << BigInt(column.bits)) {
      flow[column.name] = value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
    } else
      extra.push(
        `"${STANDARD_ELEMENTS.nameOf(enterprise, id)}":${isInteger ? value : `"${digits}"`}`,
      )
  }
  if (extra.length > 0) flow.extra = `{${extra.join(',')}}`
  return flow
}

function encode(columns: readonly Column[], index: number): Buffer {
  const values = columns.map(({ form, values }) => {
    const bytes = Buffer.from(values[index] ?? [])
    return form === 'fixed' ? bytes : variable(bytes.toString('hex'), form)
  })
  return wire(...values)
}

it('an IPFIX message decodes to every value in its column, or exactly in extra', () => {
  fc.assert(
    fc.property(messages, ({ records, columns }) => {
      const fields = columns.map(({ id, enterprise, form, values }): IpfixField => {
        const length = form === 'fixed' ? (values[0]?.length ?? 0) : VARIABLE
        return enterprise === 0 ? [id, length] : [id, length, enterprise]
      })
      const indexes = Array.from({ length: records }, (_, index) => index)
      const data = indexes.map((index) => encode(columns, index))
      const message = ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, ...data))
      const expected = indexes.map((index) => expectFlow(columns, index))
      assert.deepEqual(decodeAlone(message).flows, expected)
      const late = new DecoderHarness()
      late.receive(ipfixMessage(set(256, ...data)))
      const { flows } = late.receive(ipfixMessage(set(2, ipfixTemplate(256, fields))))
      assert.deepEqual(flows, expected)
    }),
    RUNS,
  )
})

describe('an IPFIX message that is cut short', () => {
  const fields: readonly IpfixField[] = [
    [8, 4],
    [82, VARIABLE],
    [1, 4],
    [1, 4, 29_305],
  ]
  const record = wire('c0000201', variable('657468'), '00000001 00000002')
  const parts = [
    set(
      3,
      ipfixOptionsTemplate(512, 1, [
        [149, 4],
        [34, 4],
      ]),
    ),
    set(512, '00000007 0000000a'),
    set(2, ipfixTemplate(256, fields), ipfixTemplate(257, [[1, 8]])),
    set(256, record, record),
    set(257, '0000000000000001', '0000000000000002', '000000'),
  ]
  const whole = ipfixMessage(...parts)

  it('is rejected, because its header has a greater length', () => {
    assert.equal(decodeAlone(whole).flows.length, 6)
    for (let length = 0; length < whole.length; length++) {
      const { reject } = decodeAlone(whole.subarray(0, length))
      assert.equal(reject, length < 16 ? 'too-short' : 'malformed-message', `${length} bytes`)
    }
  })

  it('and has its true length in the header is discarded, unless it ends between two sets', () => {
    const ends = new Set<number>()
    parts.reduce((end, part) => {
      for (let rest = 0; rest < 4; rest++) ends.add(end + rest)
      return end + part.length
    }, 16)
    for (let length = 16; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length))
      cut.writeUInt16BE(length, 2)
      const { flows, problems } = decodeAlone(cut)
      // Up to three bytes of a set's header are too few for a set.
      const rest = problems.filter((code) => code !== 'trailing-bytes')
      if (ends.has(length)) assert.deepEqual(rest, [], `${length} bytes`)
      else assert.deepEqual([flows, problems], [[], ['malformed-message']], `${length} bytes`)
    }
  })
})
