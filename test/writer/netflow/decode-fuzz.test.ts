/**
 * A hundred thousand hostile datagrams: the decoder must not throw, loop, keep more than its limits
 * allow, or give a record that the table could not hold. The seed is fixed, so a failure comes back.
 */

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Decoder } from '../../../writer/netflow/decode.ts'
import { ExportStream } from '../../../writer/netflow/export-stream.ts'
import { FIELD, FIELD_COUNT, type FlowRecord } from '../../../writer/netflow/flow-record.ts'
import {
  MAX_FIELDS_PER_STREAM,
  MAX_HELD_BYTES,
  MAX_HELD_BYTES_PER_EXPORTER,
  MAX_NAMES_PER_STREAM,
  MAX_RECORDS_PER_MESSAGE,
  MAX_RELEASED_RECORDS,
  MAX_TEMPLATES_PER_STREAM,
} from '../../../writer/netflow/limits.ts'
import { assertJsonb } from '../../helpers/decoder-harness.ts'
import {
  optionsTemplate,
  set,
  template,
  v9MessageOf,
  type WireField,
} from '../../helpers/netflow-bytes.ts'
import { Random } from '../../helpers/random.ts'

const RECEIVED_AT_MICROS = 1_700_000_000_000_000

/** One decoder with a few streams, fed without end. */
class Victim {
  readonly decoder = new Decoder()
  readonly streams = new Map<string, ExportStream>()
  accepted = 0
  flows = 0
  #now = RECEIVED_AT_MICROS

  receive(datagram: Buffer): void {
    const { decoder } = this
    datagram.copy(decoder.datagram.bytes)
    if (decoder.readHeader(datagram.length) !== undefined) return
    this.accepted += 1
    this.#now += 1000
    const flowsBefore = this.flows
    decoder.decode(this.#stream(), this.#now, (record) => {
      this.flows += 1
      checkRecord(record)
    })
    const { outcome } = decoder
    assert.ok(outcome.dataRecords <= MAX_RECORDS_PER_MESSAGE)
    assert.ok(outcome.releasedRecords <= MAX_RELEASED_RECORDS)
    assert.ok(outcome.problems.length <= 8 && outcome.problems.length <= outcome.problemCount)
    assert.equal(outcome.flowRecords, this.flows - flowsBefore)
    const { dataRecords, releasedRecords } = outcome
    assert.ok(outcome.flowRecords <= 2 * (dataRecords + releasedRecords))
    assert.ok(outcome.waitingSets >= 0 && outcome.waitingSets <= outcome.heldSets)
    decoder.expiredSets.length = 0
  }

  /** Few domains, so that templates and data meet. */
  #stream(): ExportStream {
    const { exportVersion, observationDomain } = this.decoder.header
    const key = `${exportVersion} ${observationDomain % 4}`
    let stream = this.streams.get(key)
    if (stream === undefined) {
      const exporterBytes = Uint8Array.of(192, 0, 2, 1)
      const exporter = '192.0.2.1'
      stream = new ExportStream({ exporter, exporterBytes, exportVersion, observationDomain })
      this.streams.set(key, stream)
    }
    return stream
  }

  checkMemory(): void {
    const { heldSets } = this.decoder
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES && heldSets.bytes <= MAX_HELD_BYTES_PER_EXPORTER)
    for (const stream of this.streams.values()) {
      assert.ok(stream.templateCount <= MAX_TEMPLATES_PER_STREAM)
      assert.ok(stream.fieldCount <= MAX_FIELDS_PER_STREAM)
      assert.ok(stream.interfaceNames.size <= MAX_NAMES_PER_STREAM)
    }
  }
}

const SMALLINTS = ['protocol', 'tcpFlags', 'tos', 'srcMask', 'dstMask', 'direction'] as const
const OCTETS = ['icmpType', 'icmpCode'] as const

function checkRecord(record: FlowRecord): void {
  for (let field = FIELD.flowStart; field < FIELD_COUNT - 1; field++) {
    if ((record.present & (1 << field)) === 0) continue
    const value = record.values[field] as number
    if (!Number.isSafeInteger(value)) assert.fail(`field ${field} is ${value}`)
    if (value < 0 && field > FIELD.flowEnd) assert.fail(`field ${field} is ${value}`)
  }
  for (const name of SMALLINTS) {
    if (record.has(FIELD[name])) assert.ok((record.values[FIELD[name]] as number) < 2 ** 15)
  }
  for (const name of OCTETS) {
    if (record.has(FIELD[name])) assert.ok((record.values[FIELD[name]] as number) < 2 ** 8)
  }
  for (const field of [FIELD.srcAddr, FIELD.dstAddr, FIELD.nextHop]) {
    if (record.has(field)) assert.ok([4, 6].includes(record.families[field] as number))
  }
  if (record.has(FIELD.bytes)) assert.ok(record.bytesHigh < 2 ** 31)
  if (record.has(FIELD.packets)) assert.ok(record.packetsHigh < 2 ** 31)
  if (record.has(FIELD.extra)) assertJsonb(record.extra)
}

/** Lengths as they come: mostly short, seldom up to a whole datagram. */
function randomLength(random: Random): number {
  return random.below(random.below(50) === 0 ? 5000 : 300)
}

function randomBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(randomLength(random))
  random.fill(bytes)
  return bytes
}

/** Random bytes behind the header of any version, some of them with set headers that are right. */
function randomMessage(random: Random): Buffer {
  const bytes = Buffer.alloc(28 + randomLength(random))
  random.fill(bytes)
  bytes.writeUInt16BE(random.pick([1, 5, 6, 7, 8, 9, 9, 9]), 0)
  bytes.writeUInt16BE(random.below(8), 2)
  // Where v8 has its aggregation scheme.
  bytes[22] = random.below(16)
  let at = 20
  while (random.below(4) > 0 && at + 8 < bytes.length) {
    const length = 4 + random.below(bytes.length - at - 4)
    bytes.writeUInt16BE(random.pick([0, 1, 2, 256, 257, 300]), at)
    bytes.writeUInt16BE(length, at + 2)
    bytes.writeUInt16BE(random.pick([256, 257, 300]), at + 4)
    bytes.writeUInt16BE(random.below(12), at + 6)
    at += length
  }
  return bytes
}

const LENGTHS = [1, 2, 3, 4, 8, 16, 65535]

function randomFields(random: Random): WireField[] {
  return Array.from({ length: 1 + random.below(20) }, () => {
    const id = random.below(4) === 0 ? random.below(65536) : random.below(400)
    return [id, random.below(8) === 0 ? random.below(70) : random.pick(LENGTHS)] as const
  })
}

/** A message of v9 that is valid but for up to four of its bytes, or its length. */
function mutatedMessage(random: Random): Buffer {
  const id = 256 + random.below(4)
  const fields = randomFields(random)
  const options = optionsTemplate(id + 4, [[random.below(6), 4]], randomFields(random))
  const sets = [
    set(0, template(id, fields)),
    set(id, randomBytes(random)),
    set(1, options),
    set(id + 4, randomBytes(random)),
  ].filter(() => random.below(4) > 0)
  if (random.below(4) === 0) sets.reverse()
  const message = v9MessageOf({ sourceId: random.below(4), uptimeMs: random.next() }, ...sets)
  for (let count = random.below(5); count > 0; count--) {
    message[random.below(message.length)] = random.pick([0, 1, 255, random.below(256)])
  }
  return random.below(8) === 0 ? message.subarray(0, random.below(message.length)) : message
}

suite('a decoder', () => {
  const cases = [
    { title: 'random bytes', count: 20_000, seed: 1, make: randomBytes },
    { title: 'random bytes behind a valid header', count: 40_000, seed: 2, make: randomMessage },
    {
      title: 'valid messages with a few wrong bytes',
      count: 40_000,
      seed: 3,
      make: mutatedMessage,
    },
  ]
  for (const { title, count, seed, make } of cases) {
    test(`survives ${count} datagrams of ${title}`, () => {
      const random = new Random(seed)
      const victim = new Victim()
      for (let index = 0; index < count; index++) {
        const datagram = make(random)
        try {
          victim.receive(datagram)
        } catch (cause) {
          throw new Error(`datagram ${index}: ${datagram.toString('hex')}`, { cause })
        }
        if (index % 100 === 0) victim.checkMemory()
      }
      victim.checkMemory()
      if (make !== randomBytes) assert.ok(victim.accepted > count / 3 && victim.flows > count / 3)
    })
  }
})
