/**
 * The costliest datagrams that are known, and what they cost against an ordinary one. Each is as long as
 * a datagram can be, and makes the decoder do as much as it can for its bytes.
 */

import { Decoder } from '../../writer/netflow/decode.ts'
import { StreamMemory } from '../../writer/netflow/memory/stream-memory.ts'
import {
  type IpfixField,
  ipfixMessage,
  ipfixTemplate,
  set,
  template,
  VARIABLE,
  v9Message,
  variable,
  type WireField,
  wire,
  words,
} from './netflow-bytes.ts'

/** A datagram, and what the exporter has sent before. */
export interface CostlyDatagram {
  readonly name: string
  readonly before: readonly Buffer[]
  readonly datagram: Buffer
}

/** With this content, a datagram is nearly as long as it can be. */
const CONTENT_BYTES = 65_000
const REVERSE = 29_305

const BASIC_LIST = 291
const SUB_TEMPLATE_LIST = 292
const SUB_TEMPLATE_MULTI_LIST = 293

/** The fields of an ordinary flow, 24 of them. */
const ORDINARY: readonly WireField[] = [
  ...([8, 12, 15, 10, 14, 22, 21, 16, 17, 34] as const).map((id) => [id, 4] as const),
  ...([1, 2] as const).map((id) => [id, 8] as const),
  ...([7, 11, 58, 59] as const).map((id) => [id, 2] as const),
  ...([4, 5, 6, 9, 13, 61, 89, 136] as const).map((id) => [id, 1] as const),
]

function repeat(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))
}

/** Fields of `length` bytes whose ids follow each other. */
function fields(count: number, firstId: number, length: number): IpfixField[] {
  return Array.from({ length: count }, (_, index) => [firstId + index, length] as const)
}

function ofTemplate(
  name: string,
  definition: readonly IpfixField[],
  octet: number,
): CostlyDatagram {
  return {
    name,
    before: [ipfixMessage(set(2, ipfixTemplate(256, definition)))],
    datagram: ipfixMessage(set(256, Buffer.alloc(CONTENT_BYTES, octet))),
  }
}

/** Templates that lists refer to: one octet; one octet or none, and a thousand fields of nothing. */
const LIST_TEMPLATES = set(
  2,
  ipfixTemplate(257, [[4, 1]]),
  ipfixTemplate(258, [[4, 1], ...fields(1023, 300, 0)]),
  ipfixTemplate(259, [[82, VARIABLE], ...fields(1023, 300, 0)]),
)

function ofList(name: string, id: number, content: Buffer): CostlyDatagram {
  const definition = set(2, ipfixTemplate(256, [[id, VARIABLE]]))
  return {
    name,
    before: [ipfixMessage(definition, LIST_TEMPLATES)],
    datagram: ipfixMessage(set(256, variable(content.toString('hex'), 'long'))),
  }
}

function nestedList(depth: number): Buffer {
  if (depth === 0) return wire('03', words(257), Buffer.alloc(CONTENT_BYTES - 100, 1))
  const inner = nestedList(depth - 1)
  const id = depth === 1 ? SUB_TEMPLATE_LIST : BASIC_LIST
  return wire('03', words(id, VARIABLE), variable(inner.toString('hex'), 'long'))
}

/** The others are compared with this one. */
export const ORDINARY_DATAGRAM: CostlyDatagram = ofTemplate('ordinary flows', ORDINARY, 1)

const LISTS: readonly CostlyDatagram[] = [
  ofList('a list of octets', BASIC_LIST, wire('03', words(4, 1), Buffer.alloc(CONTENT_BYTES, 1))),
  ofList(
    'a list of empty texts',
    BASIC_LIST,
    wire('03', words(82, VARIABLE), Buffer.alloc(CONTENT_BYTES)),
  ),
  ofList(
    'a list of lists of one value',
    BASIC_LIST,
    wire(
      '03',
      words(BASIC_LIST, VARIABLE),
      repeat(9_000, () => wire('06 03 0004 0001 01')),
    ),
  ),
  ofList(
    'a list of broken lists',
    BASIC_LIST,
    wire(
      '03',
      words(BASIC_LIST, VARIABLE),
      repeat(9_000, () => wire('06 03 0004 0002 01')),
    ),
  ),
  ofList(
    'a list of records of one octet',
    SUB_TEMPLATE_LIST,
    wire('03', words(257), Buffer.alloc(CONTENT_BYTES, 1)),
  ),
  ofList(
    'a list of records with fields of no bytes',
    SUB_TEMPLATE_LIST,
    wire('03', words(258), Buffer.alloc(CONTENT_BYTES, 1)),
  ),
  ofList(
    'a list of empty records with fields of no bytes',
    SUB_TEMPLATE_LIST,
    wire('03', words(259), Buffer.alloc(CONTENT_BYTES)),
  ),
  ofList(
    'a list of empty lists of records',
    SUB_TEMPLATE_MULTI_LIST,
    wire(
      '03',
      repeat(16_000, () => words(257, 4)),
    ),
  ),
  ofList('lists in lists', BASIC_LIST, nestedList(3)),
  ofList('lists in lists that break at their end', BASIC_LIST, wire(nestedList(3), 'ff')),
]

const RECORDS: readonly CostlyDatagram[] = [
  ofTemplate('records of one octet', [[4, 1], ...fields(1023, 300, 0)], 6),
  ofTemplate('empty records', [[82, VARIABLE], ...fields(1023, 300, 0)], 0),
  ofTemplate('records of a thousand fields', fields(1024, 600, 1), 1),
  ofTemplate('records that repeat fields', [...fields(512, 300, 1), ...fields(512, 300, 1)], 1),
  ofTemplate('records of both directions', [[1, 1, REVERSE], ...fields(1023, 600, 1)], 1),
]

const SETS: readonly CostlyDatagram[] = [
  {
    name: 'empty sets without a template',
    before: [],
    datagram: v9Message(repeat(16_000, () => set(300))),
  },
  {
    name: 'small sets without a template',
    before: [],
    datagram: v9Message(repeat(13_000, (index) => set(300 + index, '01'))),
  },
  {
    name: 'small sets',
    before: [v9Message(set(0, template(256, [[3, 1]])))],
    datagram: v9Message(repeat(13_000, () => set(256, '01'))),
  },
  {
    name: 'small templates',
    before: [],
    datagram: v9Message(
      set(
        0,
        repeat(8_000, (index) => template(256 + index, [[4, 1]])),
      ),
    ),
  },
  {
    name: 'small templates, each redefined with data',
    before: [],
    datagram: ipfixMessage(
      repeat(3_600, (index) =>
        wire(set(2, ipfixTemplate(256, [[1 + (index % 2), 1]])), set(256, '01')),
      ),
    ),
  },
  {
    name: 'templates of a thousand fields, each redefined with data',
    before: [],
    datagram: ipfixMessage(
      repeat(12, (index) => {
        const definition: IpfixField[] = [[1, 1, REVERSE], ...fields(1000, 300 + index, 1)]
        return wire(set(2, ipfixTemplate(256, definition)), set(256, Buffer.alloc(1001, 1)))
      }),
    ),
  },
]

export const COSTLY_DATAGRAMS: readonly CostlyDatagram[] = [...RECORDS, ...SETS, ...LISTS]

/**
 * The most that a byte of these may cost, as a multiple of an ordinary byte. The worst that is known
 * costs 25 times as much; a thousand fields of no bytes for each byte cost 600 times as much.
 */
export const MAX_COST_FACTOR = 100

const ROUNDS = 5
const RECEIVED_AT_MICROS = 1_700_000_000_000_000

/** Measures how many nanoseconds of CPU a datagram costs per byte: the best of a few rounds. */
export function measureCost({ before, datagram }: CostlyDatagram): number {
  const decoder = new Decoder()
  const streams = new Map<number, StreamMemory>()
  const receive = (bytes: Buffer) => {
    bytes.copy(decoder.datagram.bytes)
    if (decoder.readHeader(bytes.length) !== undefined) throw new Error('not a message')
    const { exportVersion, observationDomain } = decoder.header
    const stream = streams.get(exportVersion) ?? makeStream(exportVersion, observationDomain)
    streams.set(exportVersion, stream)
    decoder.decode(stream, RECEIVED_AT_MICROS, () => {})
    decoder.expiredSets.length = 0
  }
  for (const message of before) receive(message)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage()
    receive(datagram)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return (best * 1000) / datagram.length
}

function makeStream(exportVersion: number, observationDomain: number): StreamMemory {
  const exporterBytes = Uint8Array.of(192, 0, 2, 1)
  return new StreamMemory({
    exporter: '192.0.2.1',
    exporterBytes,
    exportVersion,
    observationDomain,
  })
}
