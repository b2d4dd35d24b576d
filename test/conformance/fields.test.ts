/**
 * No field of a template vanishes. The test changes every field of every captured flow record in
 * place, and the decoded record has to change, too. It has no list of expected fields, so it cannot
 * share a mistake with the decoder's tables.
 */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { REVERSE_ENTERPRISE } from '../../writer/netflow/elements/element-registry.ts'
import {
  type FieldSpecifier,
  VARIABLE_LENGTH,
} from '../../writer/netflow/elements/field-specifier.ts'
import type { Template } from '../../writer/netflow/memory/template.ts'
import { DecoderHarness } from '../helpers/decoder-harness.ts'
import { wire, words } from '../helpers/netflow-bytes.ts'

/** Captures of real exporters, which are beside the repository and no part of it. */
const CAPTURES = fileURLToPath(new URL('../../../../shared/captures/', import.meta.url))

/** Further records of one template teach little more than the first ones. */
const MAX_RECORDS_PER_TEMPLATE = 40

const PADDING_OCTETS = 210

interface CapturedDatagram {
  readonly payload: Buffer
  readonly exporter: string
}

/** The place of a field's value in one record. */
interface FieldPlace {
  readonly field: FieldSpecifier
  readonly offset: number
  readonly length: number
}

function readCapture(name: string): CapturedDatagram[] {
  const text = readFileSync(join(CAPTURES, name, 'datagrams.jsonl'), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => {
      const [payload, , [exporter]] = JSON.parse(line) as [string, number, [string, number]]
      return { payload: Buffer.from(payload, 'base64'), exporter }
    })
}

/** Finds the data sets of a v9 or IPFIX message: id and content. */
function dataSetsOf(payload: Buffer): { readonly id: number; readonly content: Buffer }[] {
  const sets: { id: number; content: Buffer }[] = []
  let at = payload.readUInt16BE(0) === 9 ? 20 : 16
  while (at + 4 <= payload.length) {
    const id = payload.readUInt16BE(at)
    const length = payload.readUInt16BE(at + 2)
    if (length < 4 || at + length > payload.length) break
    if (id >= 256) sets.push({ id, content: payload.subarray(at + 4, at + length) })
    at += length
  }
  return sets
}

/** Finds the fields of the record at `offset` and its end; −1 if it is cut. */
function locateFields(
  template: Template,
  content: Buffer,
  offset: number,
): { readonly places: readonly FieldPlace[]; readonly end: number } {
  const places: FieldPlace[] = []
  let at = offset
  for (const field of template.fields) {
    let { length } = field
    if (length === VARIABLE_LENGTH) {
      if (at >= content.length) return { places, end: -1 }
      length = content.readUInt8(at++)
      if (length === 255) {
        if (at + 2 > content.length) return { places, end: -1 }
        length = content.readUInt16BE(at)
        at += 2
      }
    }
    if (at + length > content.length) return { places, end: -1 }
    const isPadding = field.enterprise === 0 && field.id === PADDING_OCTETS
    if (length > 0 && !isPadding) places.push({ field, offset: at, length })
    at += length
  }
  return { places, end: at }
}

/** Builds a message of a header and one data set of one record. */
function messageOf(header: Buffer, id: number, record: Buffer): Buffer {
  const message = wire(header, words(id, record.length + 4), record)
  if (message.readUInt16BE(0) === 10) message.writeUInt16BE(message.length, 2)
  return message
}

/** Yields the record with one bit changed, for each octet of the field. */
function* changeField(record: Buffer, { offset, length }: FieldPlace): Iterable<Buffer> {
  for (let at = offset; at < offset + length; at++) {
    const changed = Buffer.from(record)
    changed.writeUInt8(record.readUInt8(at) ^ 1, at)
    yield changed
  }
}

function someOf<Item>(items: Iterable<Item>, test: (item: Item) => boolean): boolean {
  for (const item of items) if (test(item)) return true
  return false
}

/** A reverse direction without traffic is no flow, so its other fields are not stored. */
function isOfEmptyReverse(record: Buffer, { field, offset, length }: FieldPlace): boolean {
  const isZero = record.subarray(offset, offset + length).every((octet) => octet === 0)
  return field.enterprise === REVERSE_ENTERPRISE && isZero
}

/** Decodes captures record by record and collects the fields without effect. */
class FieldCheck {
  readonly vanished = new Set<string>()
  fields = 0
  readonly #harness = new DecoderHarness()
  readonly #records = new Map<Template, number>()

  take({ payload, exporter }: CapturedDatagram): void {
    if (this.#harness.receive(payload, { exporter }).reject !== undefined) return
    const version = payload.readUInt16BE(0)
    if (version !== 9 && version !== 10) return
    const header = payload.subarray(0, version === 9 ? 20 : 16)
    const stream = this.#harness.stream(exporter)
    for (const { id, content } of dataSetsOf(payload)) {
      const template = stream.template(id)
      if (template !== undefined && !template.isOptions) {
        this.#takeSet(template, content, { header, exporter })
      }
    }
  }

  #takeSet(
    template: Template,
    content: Buffer,
    message: { readonly header: Buffer; readonly exporter: string },
  ): void {
    let at = 0
    while (at + template.recordLength <= content.length) {
      const { end } = locateFields(template, content, at)
      const count = this.#records.get(template) ?? 0
      if (end < 0 || count >= MAX_RECORDS_PER_TEMPLATE) return
      this.#records.set(template, count + 1)
      this.#checkRecord(template, content.subarray(at, end), message)
      at = end
    }
  }

  #checkRecord(
    template: Template,
    record: Buffer,
    { header, exporter }: { readonly header: Buffer; readonly exporter: string },
  ): void {
    const decode = (bytes: Buffer) => {
      const { flows } = this.#harness.receive(messageOf(header, template.id, bytes), { exporter })
      return JSON.stringify(flows, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      )
    }
    const whole = decode(record)
    for (const place of locateFields(template, record, 0).places) {
      this.fields += 1
      if (isOfEmptyReverse(record, place)) continue
      if (someOf(changeField(record, place), (changed) => decode(changed) !== whole)) continue
      const { enterprise, id } = place.field
      const value = record.toString('hex', place.offset, place.offset + place.length)
      this.vanished.add(`${enterprise}.${id} = ${value} of template ${template.id}: ${whole}`)
    }
  }
}

const skip = existsSync(CAPTURES) ? false : `no captures in ${CAPTURES}`
describe('a field of a captured record', { skip }, () => {
  if (skip) return
  it('is in a column or in extra, whatever its template', () => {
    let fields = 0
    for (const entry of readdirSync(CAPTURES, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const check = new FieldCheck()
      for (const datagram of readCapture(entry.name)) check.take(datagram)
      assert.deepEqual([...check.vanished], [], entry.name)
      fields += check.fields
    }
    assert.ok(fields > 10_000, `${fields} fields were looked at`)
  })
})
