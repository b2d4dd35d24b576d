/** Every limit of the decoder, tested at the limit and one beyond. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { DecoderSession } from '../../../writer/netflow/library.ts'
import * as limits from '../../../writer/netflow/limits.ts'
import { DecoderHarness, decodeAlone, RECEIVED_AT_MICROS } from '../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type IpfixField,
  ipfixMessage,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  VARIABLE,
  v9Message,
  v9MessageOf,
  variable,
  type WireField,
  wire,
  words,
} from '../../helpers/netflow-bytes.ts'

const ORIGIN = { exporter: 'a', receivedAt: EXPORT_SECONDS * 1000 }

function fieldsOf(count: number): WireField[] {
  return Array.from({ length: count }, (_, index) => [1 + index, 1] as const)
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** With the overhead of a held set, this content costs 64 KiB. */
const CONTENT_OF_64_KIB = Buffer.alloc(65_536 - 500)
const HELD_64_KIB = v9Message(set(256, CONTENT_OF_64_KIB))

function hold(harness: DecoderHarness, count: number, exporter: string): void {
  for (let index = 0; index < count; index++) harness.receive(HELD_64_KIB, { exporter })
}

type LimitName = keyof typeof limits

/** Limits that another test file tests. */
const ELSEWHERE = {
  MAX_FLOW_TOTALS: 'records/running-totals.test.js',
  MAX_FLOW_TOTALS_PER_STREAM: 'records/running-totals.test.js',
  MIN_FLOW_TOTALS: 'records/running-totals.test.js',
  MAX_PORTS_PER_STREAM: 'memory/source-ports.test.js',
  MAX_TEMPLATE_BYTES: 'memory/memory-room.test.js',
  MAX_NAMED_BYTES: 'memory/memory-room.test.js',
} as const

function isElsewhere(name: LimitName): name is keyof typeof ELSEWHERE {
  return Object.hasOwn(ELSEWHERE, name)
}

const CHECKS: Readonly<Record<Exclude<LimitName, keyof typeof ELSEWHERE>, () => void>> = {
  MAX_MESSAGE_BYTES() {
    const session = new DecoderSession()
    const message = Buffer.concat([v9Message(), Buffer.alloc(limits.MAX_MESSAGE_BYTES - 20)])
    assert.equal(session.decodeDatagram(message, ORIGIN).kind, 'decoded')
    const longer = session.decodeDatagram(Buffer.concat([message, Buffer.alloc(1)]), ORIGIN)
    assert.ok(longer.kind === 'rejected' && longer.reason === 'too-long')
  },

  MAX_FIELDS_PER_TEMPLATE() {
    const count = limits.MAX_FIELDS_PER_TEMPLATE
    for (const [fields, problems] of [
      [fieldsOf(count), []],
      [fieldsOf(count + 1), ['too-many-fields']],
    ] as const) {
      const options = optionsTemplate(512, [[1, 4]], fields.slice(1))
      for (const message of [
        v9Message(set(0, template(256, fields))),
        v9Message(set(1, options)),
        ipfixMessage(set(2, ipfixTemplate(256, fields))),
      ]) {
        assert.deepEqual(decodeAlone(message).problems, problems)
      }
    }
  },

  MAX_RECORD_BYTES() {
    const longest = limits.MAX_RECORD_BYTES
    const definition = (bytes: number) =>
      set(
        2,
        ipfixTemplate(256, [
          [1, 4],
          [210, bytes - 4],
        ]),
      )
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(ipfixMessage(definition(longest))).problems, [])
    const data = set(256, hex32(7), Buffer.alloc(longest - 4))
    assert.deepEqual(harness.receive(ipfixMessage(data)).flows, [{ bytes: 7 }])
    const { problems } = harness.receive(ipfixMessage(definition(longest + 1)))
    assert.deepEqual(problems, ['record-too-long'])
    assert.equal(harness.stream().template(256), undefined)
  },

  MAX_TEMPLATES_PER_STREAM() {
    const harness = new DecoderHarness()
    const count = limits.MAX_TEMPLATES_PER_STREAM
    const templates = Array.from({ length: count }, (_, index) => template(256 + index, [[1, 4]]))
    harness.receive(v9Message(set(0, ...templates)))
    const stream = harness.stream()
    assert.deepEqual([stream.templates.size, stream.template(256) !== undefined], [count, true])
    harness.receive(v9Message(set(0, template(256 + count, [[1, 4]]))))
    assert.deepEqual([stream.templates.size, stream.template(256)], [count, undefined])
    assert.ok(stream.template(257) && stream.template(256 + count))
  },

  MAX_FIELDS_PER_STREAM() {
    const harness = new DecoderHarness()
    const perTemplate = limits.MAX_FIELDS_PER_TEMPLATE
    const count = limits.MAX_FIELDS_PER_STREAM / perTemplate
    for (let index = 0; index < count; index++) {
      harness.receive(v9Message(set(0, template(256 + index, fieldsOf(perTemplate)))))
    }
    const stream = harness.stream()
    assert.equal(stream.templates.fieldCount, limits.MAX_FIELDS_PER_STREAM)
    harness.receive(v9Message(set(0, template(256 + count, [[1, 4]]))))
    assert.equal(stream.template(256), undefined)
    assert.equal(stream.templates.fieldCount, limits.MAX_FIELDS_PER_STREAM - perTemplate + 1)
  },

  MAX_RECORDS_PER_MESSAGE() {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, [[4, 1]]))))
    const count = limits.MAX_RECORDS_PER_MESSAGE
    const at = harness.receive(v9Message(set(256, Buffer.alloc(count, 6))))
    assert.deepEqual([at.flows.length, at.problems], [count, []])
    const beyond = harness.receive(v9Message(set(256, Buffer.alloc(count + 1, 6))))
    assert.deepEqual([beyond.flows.length, beyond.problems], [count, ['too-many-records']])
    assert.equal(beyond.counts.malformedSets, 1)
  },

  MAX_STREAMS_PER_EXPORTER() {
    const session = new DecoderSession()
    const definition = set(0, template(256, [[1, 4]]))
    const decode = (sourceId: number, exporter: string, ...sets: readonly Buffer[]) =>
      session.decodeDatagram(v9MessageOf({ sourceId }, ...sets), { ...ORIGIN, exporter })
    const knows = (sourceId: number, exporter: string) =>
      decode(sourceId, exporter, set(256, '00000001')).flows.length === 1
    const most = limits.MAX_STREAMS_PER_EXPORTER
    decode(1, 'b', definition)
    for (let domain = 1; domain <= most; domain++) decode(domain, 'a', definition)
    assert.equal(knows(1, 'a'), true)
    decode(most + 1, 'a', definition)
    assert.deepEqual([knows(1, 'a'), knows(most, 'a'), knows(1, 'b')], [true, true, true])
    assert.equal(knows(2, 'a'), false)
  },

  HELD_SET_MAX_AGE_MICROS() {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(256, '01')))
    const end = RECEIVED_AT_MICROS + limits.HELD_SET_MAX_AGE_MICROS
    harness.decoder.expireHeldSets(end - 1)
    assert.deepEqual([harness.decoder.heldSets.count, harness.decoder.expiredSets.length], [1, 0])
    harness.decoder.expireHeldSets(end)
    assert.deepEqual([harness.decoder.heldSets.count, harness.decoder.expiredSets.length], [0, 1])
  },

  MAX_HELD_BYTES_PER_EXPORTER() {
    const harness = new DecoderHarness()
    const { heldSets, expiredSets } = harness.decoder
    const count = limits.MAX_HELD_BYTES_PER_EXPORTER / 65_536
    hold(harness, count, '192.0.2.1')
    assert.equal(heldSets.bytes, limits.MAX_HELD_BYTES_PER_EXPORTER)
    assert.deepEqual([heldSets.count, expiredSets.length], [count, 0])
    harness.receive(v9Message(set(256, '01')))
    assert.deepEqual([heldSets.count, expiredSets.length], [count, 1])
  },

  MAX_HELD_BYTES() {
    const harness = new DecoderHarness()
    const { heldSets, expiredSets } = harness.decoder
    const perExporter = limits.MAX_HELD_BYTES_PER_EXPORTER / 65_536
    const total = limits.MAX_HELD_BYTES / 65_536
    for (let held = 0, exporter = 1; held < total; exporter++) {
      const count = Math.min(perExporter, total - held)
      hold(harness, count, `192.0.2.${exporter}`)
      held += count
    }
    assert.deepEqual([heldSets.bytes, expiredSets.length], [limits.MAX_HELD_BYTES, 0])
    harness.receive(v9Message(set(256, '01')), { exporter: '192.0.2.200' })
    assert.deepEqual(
      expiredSets.map(({ stream }) => stream.exporter),
      ['192.0.2.1'],
    )
  },

  MAX_RELEASED_RECORDS() {
    const most = limits.MAX_RELEASED_RECORDS
    for (const [records, problems] of [
      [most, []],
      [most + 1, ['too-many-records']],
    ] as const) {
      const harness = new DecoderHarness()
      for (let rest: number = records; rest > 0; rest -= 60_000) {
        harness.receive(v9Message(set(256, Buffer.alloc(Math.min(rest, 60_000), 6))))
      }
      const released = harness.receive(v9Message(set(0, template(256, [[4, 1]]))))
      assert.deepEqual([released.flows.length, released.problems], [most, problems])
    }
  },

  MAX_NAMES_PER_STREAM() {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(1, optionsTemplate(512, [[2, 4]], [[82, 1]]))))
    const name = (ifIndex: number) => wire(hex32(ifIndex), '61')
    const most = limits.MAX_NAMES_PER_STREAM
    for (let first = 0; first < most; first += 5_000) {
      const records = Array.from({ length: 5_000 }, (_, index) => name(first + index))
      harness.receive(v9Message(set(512, ...records)))
    }
    const { interfaceNames } = harness.stream()
    assert.deepEqual([interfaceNames.size, interfaceNames.has(0)], [most, true])
    harness.receive(v9Message(set(512, name(most))))
    assert.deepEqual([interfaceNames.size, interfaceNames.has(0)], [most, false])
    assert.ok(interfaceNames.has(1) && interfaceNames.has(most))
  },

  MAX_NAME_BYTES() {
    const most = limits.MAX_NAME_BYTES
    for (const bytes of [most, most + 1]) {
      const harness = new DecoderHarness()
      const options: WireField[] = [
        [82, bytes],
        [95, bytes],
        [96, 1],
      ]
      const values = wire('00000007', Buffer.alloc(bytes, 0x61), Buffer.alloc(bytes, 1), '62')
      harness.receive(v9Message(set(1, optionsTemplate(512, [[2, 4]], options)), set(512, values)))
      const { interfaceNames, applicationNames } = harness.stream()
      assert.equal(interfaceNames.get(7), 'a'.repeat(most))
      assert.equal(applicationNames.size, bytes === most ? 1 : 0)
    }
  },

  MAX_LIST_DEPTH() {
    const isRead = (depth: number) => {
      let list = wire('03', words(4, 1), '06')
      for (let level = 1; level < depth; level++) {
        list = wire('03', words(291, VARIABLE), variable(list.toString('hex'), 'long'))
      }
      const fields: readonly IpfixField[] = [[291, VARIABLE]]
      const data = set(256, variable(list.toString('hex'), 'long'))
      const { flows } = decodeAlone(ipfixMessage(set(2, ipfixTemplate(256, fields)), data))
      return String(flows[0]?.extra).includes('"values":[6]')
    }
    assert.deepEqual(
      [isRead(limits.MAX_LIST_DEPTH), isRead(limits.MAX_LIST_DEPTH + 1)],
      [true, false],
    )
  },

  MAX_REPORTED_PROBLEMS() {
    const reservedSets = (count: number) =>
      v9Message(...Array.from({ length: count }, () => set(7)))
    const most = limits.MAX_REPORTED_PROBLEMS
    assert.equal(decodeAlone(reservedSets(most)).problems.length, most)
    const harness = new DecoderHarness()
    assert.equal(harness.receive(reservedSets(most + 1)).problems.length, most)
    assert.equal(harness.decoder.result.problemCount, most + 1)
  },

  MAX_SAMPLING_RATE() {
    const flowOf = (rate: number) => {
      const definition = set(2, ipfixTemplate(256, [[34, 4]]))
      return decodeAlone(ipfixMessage(definition, set(256, hex32(rate)))).flows[0]
    }
    const most = limits.MAX_SAMPLING_RATE
    assert.deepEqual(flowOf(most), { samplingRate: most })
    assert.deepEqual(flowOf(most + 1), { extra: `{"samplingInterval":${most + 1}}` })
  },
}

describe('a limit holds, exactly and one beyond:', () => {
  for (const name of Object.keys(limits) as LimitName[]) {
    it(name, () => {
      if (isElsewhere(name)) {
        const file = readFileSync(new URL(ELSEWHERE[name], import.meta.url), 'utf8')
        assert.match(file, new RegExp(`\\b${name}\\b`))
        return
      }
      assert.ok(Object.hasOwn(CHECKS, name), `nothing checks ${name}`)
      CHECKS[name]()
    })
  }
})
