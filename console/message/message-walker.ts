/**
 * Walks through the fields of a message of any version without decoding values, for readers that need
 * the bytes rather than the flows.
 */

import { findFixedMessage } from './fixed-messages.ts'
import { readTemplateSet } from './template-sets.ts'
import {
  createField,
  type MessageOrigin,
  TemplateMemory,
  VARIABLE_LENGTH,
  type WireField,
  type WireTemplate,
} from './wire-template.ts'

/** Called during a walk; offsets are those of the message. */
interface MessageVisitor {
  template?(template: WireTemplate): void
  /** A record of v9 or IPFIX begins; its fields follow. */
  record?(template: WireTemplate): void
  field?(field: WireField, offset: number, length: number): void
  /** Bytes without a meaning: padding after records, or bytes after the message. */
  padding?(offset: number, end: number): void
}

/** `whole`, or the reason why a part of the message was not walked through. */
export type WalkResult = 'whole' | 'no-template' | 'unreadable'

const FIRST_DATA_SET = 256
const SET_HEADER_BYTES = 4
const V9_HEADER_BYTES = 20
const IPFIX_HEADER_BYTES = 16
/** No exporter nests lists within lists deeper. */
const MAX_DEPTH = 8

const FIXED_ADDRESS = createField(0, 8, 4)

export class MessageWalker {
  readonly #templates = new TemplateMemory()

  /** Walks through a message, and remembers its templates. */
  walk(message: Buffer, origin: MessageOrigin, visitor: MessageVisitor): WalkResult {
    const version = message.length < 16 ? 0 : message.readUInt16BE(0)
    if (version === 9) {
      if (message.length < V9_HEADER_BYTES) return 'unreadable'
      const stream = `9 ${message.readUInt32BE(16)}`
      const walk = new Walk(message, origin, visitor, { stream, templates: this.#templates })
      return walk.sets(V9_HEADER_BYTES, message.length)
    }
    if (version === 10) {
      const end = message.readUInt16BE(2)
      if (end < IPFIX_HEADER_BYTES || end > message.length) return 'unreadable'
      const stream = `10 ${message.readUInt32BE(12)}`
      const walk = new Walk(message, origin, visitor, { stream, templates: this.#templates })
      const result = walk.sets(IPFIX_HEADER_BYTES, end)
      visitor.padding?.(end, message.length)
      return result
    }
    return walkFixed(message, visitor)
  }
}

function walkFixed(message: Buffer, visitor: MessageVisitor): WalkResult {
  const layout = message.length < 4 ? undefined : findFixedMessage(message)
  if (layout === undefined) return 'unreadable'
  const count = message.readUInt16BE(2)
  const end = layout.headerBytes + count * layout.recordBytes
  if (end > message.length) return 'unreadable'
  for (let at = layout.headerBytes; at < end; at += layout.recordBytes) {
    for (const offset of layout.addressesAt) visitor.field?.(FIXED_ADDRESS, at + offset, 4)
  }
  visitor.padding?.(end, message.length)
  return 'whole'
}

interface Known {
  readonly stream: string
  readonly templates: TemplateMemory
}

/** The walk through one message of v9 or IPFIX. */
class Walk {
  readonly #message: Buffer
  readonly #origin: MessageOrigin
  readonly #visitor: MessageVisitor
  readonly #known: Known

  constructor(message: Buffer, origin: MessageOrigin, visitor: MessageVisitor, known: Known) {
    this.#message = message
    this.#origin = origin
    this.#visitor = visitor
    this.#known = known
  }

  /** Walks through the sets, also through those after a set that cannot be read. */
  sets(start: number, end: number): WalkResult {
    let result: WalkResult = 'whole'
    let at = start
    while (at + SET_HEADER_BYTES <= end) {
      const id = this.#message.readUInt16BE(at)
      const next = at + this.#message.readUInt16BE(at + 2)
      if (next < at + SET_HEADER_BYTES || next > end) return 'unreadable'
      const outcome = this.#set(id, at + SET_HEADER_BYTES, next)
      if (result === 'whole' || outcome === 'unreadable') result = outcome
      at = next
    }
    this.#visitor.padding?.(at, end)
    return result
  }

  #set(id: number, start: number, end: number): WalkResult {
    if (id >= FIRST_DATA_SET) {
      const template = this.#find(id)
      if (template === undefined) return 'no-template'
      return this.#records(template, start, end) ? 'whole' : 'unreadable'
    }
    const templates = id <= 3 ? readTemplateSet(this.#message, id, start, end) : undefined
    if (templates === undefined) return 'unreadable'
    for (const template of templates) {
      this.#known.templates.set(this.#known.stream, this.#origin, template)
      this.#visitor.template?.(template)
    }
    return 'whole'
  }

  #find(id: number): WireTemplate | undefined {
    return this.#known.templates.get(this.#known.stream, this.#origin, id)
  }

  #records(template: WireTemplate, start: number, end: number, depth = 0): boolean {
    let at = start
    while (template.minBytes > 0 && at + template.minBytes <= end) {
      if (depth === 0) this.#visitor.record?.(template)
      at = this.#fields(template.fields, at, end, depth)
      if (at < 0) return false
    }
    this.#visitor.padding?.(at, end)
    return true
  }

  /** Walks through a record. @returns its end; −1 when it reaches beyond `end` */
  #fields(fields: readonly WireField[], start: number, end: number, depth: number): number {
    let at = start
    for (const field of fields) {
      const [offset, length] = this.#place(field, at, end)
      if (offset < 0) return -1
      if (!this.#value(field, offset, length, depth)) return -1
      at = offset + length
    }
    return at
  }

  /**
   * Finds the value of a field; the offset is −1 when the value reaches beyond `end`.
   *
   *     field of variable length = length:u8 value | 255 length:u16 value
   */
  #place(
    { length }: WireField,
    at: number,
    end: number,
  ): readonly [offset: number, length: number] {
    const bytes = this.#message
    let place: readonly [number, number] = [at, length]
    if (length === VARIABLE_LENGTH) {
      if (at >= end) return [-1, 0]
      const short = bytes.readUInt8(at)
      if (short === 255 && at + 3 > end) return [-1, 0]
      place = short < 255 ? [at + 1, short] : [at + 3, bytes.readUInt16BE(at + 1)]
    }
    return place[0] + place[1] <= end ? place : [-1, 0]
  }

  #value(field: WireField, offset: number, length: number, depth: number): boolean {
    const end = offset + length
    switch (length > 0 && depth < MAX_DEPTH ? field.type : '') {
      case 'basicList':
        return this.#basicList(offset, end, depth)
      case 'subTemplateList':
        return (
          length >= 3 &&
          this.#listed(this.#message.readUInt16BE(offset + 1), offset + 3, end, depth)
        )
      case 'subTemplateMultiList':
        return this.#multiList(offset, end, depth)
      default:
        this.#visitor.field?.(field, offset, length)
        return true
    }
  }

  /**     basicList = semantic:u8 field value*                              (RFC 6313 section 4.5) */
  #basicList(start: number, end: number, depth: number): boolean {
    const bytes = this.#message
    if (start + 5 > end) return false
    const id = bytes.readUInt16BE(start + 1)
    const hasEnterprise = id >= 0x8000
    let at = start + (hasEnterprise ? 9 : 5)
    if (at > end) return false
    const enterprise = hasEnterprise ? bytes.readUInt32BE(start + 5) : 0
    const field = createField(enterprise, id % 0x8000, bytes.readUInt16BE(start + 3))
    if (field.length === 0) return true
    while (at < end) {
      at = this.#fields([field], at, end, depth + 1)
      if (at < 0) return false
    }
    return true
  }

  /**     multiList = semantic:u8 (templateId:u16 length:u16 record*)* */
  #multiList(start: number, end: number, depth: number): boolean {
    let at = start + 1
    while (at + 4 <= end) {
      const next = at + this.#message.readUInt16BE(at + 2)
      if (next < at + 4 || next > end) return false
      if (!this.#listed(this.#message.readUInt16BE(at), at + 4, next, depth)) return false
      at = next
    }
    return at === end
  }

  #listed(id: number, start: number, end: number, depth: number): boolean {
    const template = this.#find(id)
    return template !== undefined && this.#records(template, start, end, depth + 1)
  }
}
