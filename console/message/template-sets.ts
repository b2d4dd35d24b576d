/** Reads the template sets of v9 and IPFIX messages. */

import { createField, createTemplate, type WireField, type WireTemplate } from './wire-template.ts'

const ENTERPRISE_BIT = 0x8000

type TemplateKind = 'data' | 'options'

/** A reader's place in a set. */
interface Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number
}

/**
 * Reads the set `id` from `start` to `end`. Withdrawals of IPFIX are left out: data in the file may still
 * need the withdrawn templates.
 *
 *     v9 template         = id:u16 count:u16 (type:u16 length:u16)*
 *     v9 options template = id:u16 scopeBytes:u16 optionBytes:u16 (type:u16 length:u16)*
 *     template            = id:u16 count:u16 field*
 *     options template    = id:u16 count:u16 scopeCount:u16 field*
 *     field               = enterpriseBit:1 id:15 length:u16 [enterprise:u32]
 *
 * @returns undefined when a template is cut
 */
export function readTemplateSet(
  bytes: Buffer,
  id: number,
  start: number,
  end: number,
): WireTemplate[] | undefined {
  const templates: WireTemplate[] = []
  const cursor = { bytes, at: start, end }
  const kind = id === 1 || id === 3 ? 'options' : 'data'
  const readTemplate = id >= 2 ? readIpfixTemplate : readV9Template
  while (cursor.at + 4 <= end && bytes.readUInt16BE(cursor.at) !== 0) {
    const template = readTemplate(cursor, kind)
    if (template === undefined) return undefined
    if (template.fields.length > 0) templates.push(template)
  }
  return templates
}

function readV9Template(cursor: Cursor, kind: TemplateKind): WireTemplate | undefined {
  const id = cursor.bytes.readUInt16BE(cursor.at)
  const first = cursor.bytes.readUInt16BE(cursor.at + 2)
  cursor.at += 4
  if (kind === 'data') {
    const fields = readV9Fields(cursor, first, 'none')
    return fields && createTemplate({ id, isOptions: false, fields })
  }
  if (cursor.at + 2 > cursor.end) return undefined
  const optionCount = cursor.bytes.readUInt16BE(cursor.at) / 4
  cursor.at += 2
  const scopes = readV9Fields(cursor, first / 4, 'v9')
  const options = scopes && readV9Fields(cursor, optionCount, 'none')
  return options && createTemplate({ id, isOptions: true, fields: [...scopes, ...options] })
}

function readV9Fields(
  cursor: Cursor,
  count: number,
  scope: 'none' | 'v9',
): WireField[] | undefined {
  const { bytes, end } = cursor
  if (cursor.at + count * 4 > end) return undefined
  const fields: WireField[] = []
  for (let index = 0; index < count; index++) {
    const id = bytes.readUInt16BE(cursor.at)
    const length = bytes.readUInt16BE(cursor.at + 2)
    fields.push(createField(0, id, length, scope))
    cursor.at += 4
  }
  return fields
}

function readIpfixTemplate(cursor: Cursor, kind: TemplateKind): WireTemplate | undefined {
  const { bytes, end } = cursor
  const isOptions = kind === 'options'
  const id = bytes.readUInt16BE(cursor.at)
  const count = bytes.readUInt16BE(cursor.at + 2)
  cursor.at += 4
  // A withdrawal has no fields, and no scope count either.
  if (count === 0) return createTemplate({ id, isOptions, fields: [] })
  if (isOptions && cursor.at + 2 > end) return undefined
  const scopes = isOptions ? bytes.readUInt16BE(cursor.at) : 0
  if (isOptions) cursor.at += 2
  const fields: WireField[] = []
  for (let index = 0; index < count; index++) {
    if (cursor.at + 4 > end) return undefined
    const element = bytes.readUInt16BE(cursor.at)
    const length = bytes.readUInt16BE(cursor.at + 2)
    const hasEnterprise = element >= ENTERPRISE_BIT
    if (hasEnterprise && cursor.at + 8 > end) return undefined
    const enterprise = hasEnterprise ? bytes.readUInt32BE(cursor.at + 4) : 0
    cursor.at += hasEnterprise ? 8 : 4
    const scope = index < scopes ? 'ipfix' : 'none'
    fields.push(createField(enterprise, element % ENTERPRISE_BIT, length, scope))
  }
  return createTemplate({ id, isOptions, fields })
}
