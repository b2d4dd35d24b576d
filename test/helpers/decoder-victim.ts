/**
 * A decoder that is fed hostile datagrams without end, and checked after each of them: it must keep
 * no more than its limits allow and return no record that the table could not hold.
 */

import assert from 'node:assert/strict'
import { Decoder } from '../../writer/netflow/decode.ts'
import { FIELD, FIELD_COUNT, type FlowRecord } from '../../writer/netflow/flow-record.ts'
import {
  MAX_FIELDS_PER_STREAM,
  MAX_HELD_BYTES,
  MAX_HELD_BYTES_PER_EXPORTER,
  MAX_NAMES_PER_STREAM,
  MAX_RECORDS_PER_MESSAGE,
  MAX_RELEASED_RECORDS,
  MAX_TEMPLATES_PER_STREAM,
} from '../../writer/netflow/limits.ts'
import { StreamMemory } from '../../writer/netflow/memory/stream-memory.ts'
import { assertJsonb } from './decoder-harness.ts'

const FIRST_ARRIVAL_MICROS = 1_700_000_000_000_000
const ARRIVAL_STEP_MICROS = 1_000
/** Few domains, so that templates and data meet. */
const DOMAINS = 4

/** One decoder with the streams of a few exporters. */
export class DecoderVictim {
  readonly decoder = new Decoder()
  readonly #streams = new Map<string, StreamMemory>()
  #now = FIRST_ARRIVAL_MICROS
  /** Datagrams with a good header. */
  accepted = 0
  flows = 0
  /** Accepted datagrams by version. */
  readonly versions = new Map<number, number>()

  /** Decodes one datagram; fails when the result cannot be true. */
  receive(datagram: Buffer, exporterNumber = 1): void {
    const { decoder } = this
    datagram.copy(decoder.datagram.bytes)
    if (decoder.readHeader(datagram.length) !== undefined) return
    const { exportVersion } = decoder.header
    this.accepted += 1
    this.versions.set(exportVersion, (this.versions.get(exportVersion) ?? 0) + 1)
    this.#now += ARRIVAL_STEP_MICROS
    const flowsBefore = this.flows
    decoder.decode(this.#stream(exporterNumber), this.#now, (record) => {
      this.flows += 1
      checkRecord(record)
    })
    this.#checkOutcome(this.flows - flowsBefore)
    decoder.expiredSets.length = 0
  }

  /** Fails when anything that is kept exceeds its limit. */
  checkMemory(): void {
    const { heldSets } = this.decoder
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES, `${heldSets.bytes} bytes are held`)
    const exporters = new Set<string>()
    for (const stream of this.#streams.values()) {
      exporters.add(stream.exporter)
      assert.ok(stream.templates.size <= MAX_TEMPLATES_PER_STREAM, 'templates')
      assert.ok(stream.templates.fieldCount <= MAX_FIELDS_PER_STREAM, 'fields of templates')
      for (const names of [stream.interfaceNames, stream.applicationNames, stream.samplerNames]) {
        assert.ok(names.size <= MAX_NAMES_PER_STREAM, 'names')
      }
    }
    assert.ok(heldSets.bytes <= exporters.size * MAX_HELD_BYTES_PER_EXPORTER, 'held by exporter')
  }

  #stream(exporterNumber: number): StreamMemory {
    const { exportVersion, observationDomain } = this.decoder.header
    const key = `${exporterNumber} ${exportVersion} ${observationDomain % DOMAINS}`
    let stream = this.#streams.get(key)
    if (stream === undefined) {
      const exporterBytes = Uint8Array.of(192, 0, 2, exporterNumber)
      const exporter = exporterBytes.join('.')
      stream = new StreamMemory({ exporter, exporterBytes, exportVersion, observationDomain })
      this.#streams.set(key, stream)
    }
    return stream
  }

  #checkOutcome(flows: number): void {
    const { result } = this.decoder
    const { dataRecords, releasedRecords, flowRecords, problems, waitingSets } = result
    assert.ok(dataRecords <= MAX_RECORDS_PER_MESSAGE)
    assert.ok(releasedRecords <= MAX_RELEASED_RECORDS)
    assert.ok(problems.length <= 8 && problems.length <= result.problemCount)
    assert.equal(flowRecords, flows)
    assert.ok(flowRecords <= 2 * (dataRecords + releasedRecords))
    assert.ok(waitingSets >= 0 && waitingSets <= result.heldSets)
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
