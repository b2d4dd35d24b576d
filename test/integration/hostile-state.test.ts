/** Names, rates, templates and numbers of every kind can be stored, and loading goes on. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOSTILE_KINDS } from '../helpers/hostile-datagrams.ts'
import {
  hex32,
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  VARIABLE,
  v9MessageOf,
  variable,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import type { RawExporter } from '../helpers/raw-exporter.ts'
import { until } from '../helpers/until.ts'

/** Texts that a text type, an encoding, an index or JSON may refuse. */
const NASTY_TEXTS = [
  '',
  '00',
  '6100620063',
  // Half surrogate pairs, in the wrong order, and beyond what Unicode has.
  'eda080',
  'edb080eda080',
  'f4908080',
  // Cut short, overlong, and never valid.
  'e2 82',
  'c0 80',
  'ff fe fd',
  // NUL as an escape, quotes, backslashes, and characters that end lines.
  '5c75303030305c222722',
  '0a0d1b08e280a8',
  // A name that is cut at 255 bytes within a character.
  'f09f9880'.repeat(80),
  'ff'.repeat(255),
  '61'.repeat(2_000),
]

/** Numbers at the limits of every type. */
const NASTY_NUMBERS = [
  '00',
  'ff',
  '7fffffff',
  '80000000',
  'ffffffff',
  '001fffffffffffff',
  '0020000000000000',
  '7fffffffffffffff',
  '8000000000000000',
  'ffffffffffffffff',
]

/** Elements that the writer remembers: sampling, names, and when the exporter booted. */
const REMEMBERED = [
  10, 14, 34, 35, 48, 49, 50, 82, 83, 84, 94, 95, 96, 145, 149, 160, 302, 304, 305, 306, 307, 308,
  309, 310, 311, 335,
]

/** Makes an IPFIX message with one options record of these values. */
function optionsMessage(domain: number, values: readonly (readonly [number, string])[]): Buffer {
  const fields = values.map(([id]): IpfixField => [id, VARIABLE])
  const record = values.map(([, value]) => {
    return variable(value, 'long')
  })
  return ipfixMessageOf(
    { domain, exportSeconds: 0xffff_ffff, sequence: 0xffff_ffff },
    set(3, ipfixOptionsTemplate(600, 1, fields)),
    set(600, ...record),
  )
}

/** Every remembered element with every nasty value, beside an ordinary key. */
function nastyOptions(): Buffer[] {
  const messages: Buffer[] = []
  for (const value of [...NASTY_TEXTS, ...NASTY_NUMBERS]) {
    messages.push(optionsMessage(1, [[149, '01'], ...REMEMBERED.map((id) => [id, value] as const)]))
    for (const key of [10, 48, 95, 302]) {
      messages.push(
        optionsMessage(2, [
          [key, value],
          [82, '657468'],
          [96, '7774'],
          [335, '73'],
          [34, '64'],
        ]),
      )
    }
    for (const name of [82, 83, 84, 94, 96, 335]) {
      messages.push(
        optionsMessage(0xffff_ffff, [
          [10, '07'],
          [48, '07'],
          [95, '0d000050'],
          [name, value],
          [50, '0a'],
        ]),
      )
    }
  }
  return messages
}

/** Templates at their limits, changed again and again, and data that nobody can decode. */
function nastyTemplates(): Buffer[] {
  const many = Array.from({ length: 1_024 }, (_, index): IpfixField => [index + 1, 4, 0xffff_ffff])
  const wide = [[1, 65_000] as const]
  return [
    ipfixMessageOf({ domain: 3 }, set(2, ipfixTemplate(65_535, many))),
    ipfixMessageOf({ domain: 3 }, set(2, ipfixTemplate(65_535, wide))),
    ipfixMessageOf({ domain: 3 }, set(3, ipfixOptionsTemplate(256, 1_000, many))),
    ipfixMessageOf({ domain: 3 }, set(300, 'ff'.repeat(60_000))),
    v9MessageOf({ sourceId: 0xffff_ffff, unixSeconds: 0 }, set(0, template(256, wide))),
    v9MessageOf(
      { sourceId: 0xffff_ffff, unixSeconds: 0xffff_ffff, uptimeMs: 0xffff_ffff },
      set(1, optionsTemplate(512, [[1, 0]], [[34, 8]])),
      set(512, 'ff'.repeat(8)),
      set(999, '00'.repeat(2_000)),
    ),
  ]
}

/** Start times in seconds, milliseconds, NTP, µs before the export, and of the uptime. */
const STARTS = [150, 152, 154, 156, 158, 22]

/** Running totals and start times at the limits of every type, of a flow each. */
function nastyTotals(): Buffer[] {
  const pairs = NASTY_NUMBERS.flatMap((total) => NASTY_NUMBERS.map((start) => [total, start]))
  const records = pairs.map((pair, flowId) => {
    const [total = '', start = ''] = pair.map((number) => number.padStart(16, '0'))
    return [total, total, (flowId + 1).toString(16).padStart(16, '0'), start].join('')
  })
  return STARTS.flatMap((start, index) => {
    const fields = [85, 86, 148, start].map((id): IpfixField => [id, 8])
    const sets = [set(2, ipfixTemplate(256 + index, fields)), set(256 + index, ...records)]
    return [0, 0xffff_ffff].map((exportSeconds) =>
      ipfixMessageOf({ domain: 10 + index, exportSeconds }, ...sets),
    )
  })
}

/** Numbers that jump as far as they can, forward above all. */
function nastySequences(): Buffer[] {
  const definition = set(2, ipfixTemplate(256, [[1, 4]]))
  return Array.from({ length: 200 }, (_, index) => {
    const sequence = (index * 0x7fff_fff0) >>> 0
    return ipfixMessageOf({ domain: 4, sequence }, definition, set(256, '00000001'))
  })
}

describe('the writer', { timeout: 120_000 }, () => {
  let running: Pipeline
  let exporter: RawExporter
  let sentinels = 0
  before(async () => {
    running = await startPipeline({ environment: QUICK })
    exporter = running.makeExporter()
  })
  after(() => running.stop())

  /** Sends messages, then a flow of its own kind, and waits until that is stored. */
  async function survives(messages: readonly Buffer[]): Promise<void> {
    for (const message of messages) await exporter.send(message)
    sentinels += 1
    const definition = set(2, ipfixTemplate(256, [[1, 4]]))
    const header = { domain: 99, sequence: sentinels - 1 }
    const sentinel = ipfixMessageOf(header, definition, set(256, hex32(sentinels)))
    await until('the flow after them is stored', async () => {
      // Should the kernel have dropped it, another one is taken; else it is a duplicate.
      await exporter.send(sentinel)
      const [flow] = await running.ask(
        `select max(bytes)::int as bytes from flows where observation_domain = 99`,
      )
      return flow?.['bytes'] === sentinels
    })
    assert.deepEqual(await running.ask('select reason from rejected_records'), [])
    const failures = running.logOf('writer').filter(({ sqlState }) => typeof sqlState === 'string')
    assert.deepEqual(failures, [])
  }

  it('stores names and rates of every kind', async () => {
    await survives(nastyOptions())
    const [counts] = await running.ask(
      `select (select count(*)::int from names) as names, (select count(*)::int from samplers) as samplers`,
    )
    assert.ok(Number(counts?.['names']) > 20 && Number(counts?.['samplers']) > 5)
  })

  it('stores templates at every limit, and data that waits for others', async () => {
    await survives(nastyTemplates())
    const [found] = await running.ask(
      `select (select count(*)::int from templates where template_id = 65535) as templates,
         (select count(*)::int from held_sets) as held`,
    )
    assert.deepEqual(found, { templates: 1, held: 2 })
  })

  it('stores running totals and times at every limit', async () => {
    await survives(nastyTotals())
    const [found] = await running.ask('select count(*)::int > 100 as many from flow_totals')
    assert.deepEqual(found, { many: true })
  })

  it('claims no loss of numbers that jump as far as they can', async () => {
    await survives(nastySequences())
    const rows = await running.ask(
      `select sequence_unit, lost, (select count(*)::int from sequence_gaps) as gaps
       from exporter_streams where observation_domain = 4`,
    )
    assert.deepEqual(rows, [{ sequence_unit: 'none', lost: null, gaps: 0 }])
  })

  it('stores the results of hostile datagrams of every kind', async () => {
    const random = new Random(20_261_121)
    for (let round = 0; round < 3; round += 1) {
      const messages = HOSTILE_KINDS.flatMap(({ make, share }) =>
        Array.from({ length: share * 3 }, () => make(random)),
      )
      await survives(messages)
    }
  })

  it('goes on from all of it after a restart', async () => {
    await running.restartWriter()
    await survives([])
  })
})
