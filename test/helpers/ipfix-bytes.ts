/**
 * Builds IPFIX messages from hex that can be checked against RFC 7011 by eye. It pads nothing and
 * checks nothing, so that tests can also break rules.
 */

import assert from 'node:assert/strict'
import { type DecodedFlow, decodeAlone } from './decoder-harness.ts'
import { EXPORT_SECONDS, hex, set, type Wire, wire, words } from './netflow-bytes.ts'

/** The length of a field that says its own in every record. */
export const VARIABLE = 65535

export type IpfixField = readonly [id: number, length: number, enterprise?: number]

export interface IpfixMessageHeader {
  readonly exportSeconds?: number
  readonly sequence?: number
  readonly domain?: number
  /** Replaces the length of the message. */
  readonly length?: number
}

/** Makes a message of observation domain 7. */
export function ipfixMessageOf(header: IpfixMessageHeader, ...sets: readonly Wire[]): Buffer {
  const content = wire(...sets)
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16BE(10, 0)
  bytes.writeUInt16BE(header.length ?? content.length + 16, 2)
  bytes.writeUInt32BE(header.exportSeconds ?? EXPORT_SECONDS, 4)
  bytes.writeUInt32BE(header.sequence ?? 0, 8)
  bytes.writeUInt32BE(header.domain ?? 7, 12)
  return wire(bytes, content)
}

/** Makes a message of observation domain 7 sent at `EXPORT_SECONDS`. */
export function ipfixMessage(...sets: readonly Wire[]): Buffer {
  return ipfixMessageOf({}, ...sets)
}

function specifier([id, length, enterprise]: IpfixField): Buffer {
  if (enterprise === undefined) return words(id, length)
  return words(id | 0x8000, length, enterprise >>> 16, enterprise & 0xffff)
}

/** Makes a template, to stand in a set of id 2. */
export function ipfixTemplate(id: number, fields: readonly IpfixField[]): Buffer {
  return wire(words(id, fields.length), ...fields.map(specifier))
}

/** Makes an options template, to stand in a set of id 3; the first `scopes` fields are its scope. */
export function ipfixOptionsTemplate(
  id: number,
  scopes: number,
  fields: readonly IpfixField[],
): Buffer {
  return wire(words(id, fields.length, scopes), ...fields.map(specifier))
}

/** Makes a value of variable length in the short form, or in the long one when it is asked for. */
export function variable(value: string, form: 'short' | 'long' = 'short'): Buffer {
  const bytes = hex(value)
  const length = form === 'short' ? hex(bytes.length.toString(16).padStart(2, '0')) : undefined
  return wire(length ?? wire('ff', words(bytes.length)), bytes)
}

/** One field of a record: element id, hex, and the enterprise number unless it is IANA's. */
export type IpfixValue = readonly [id: number, value: string, enterprise?: number]

/** Makes a template set with template 256 and a data set with one record of it. */
export function oneIpfixRecord(values: readonly IpfixValue[]): Buffer {
  const fields = values.map(([id, value, enterprise]): IpfixField => {
    const { length } = hex(value)
    return enterprise === undefined ? [id, length] : [id, length, enterprise]
  })
  const record = wire(...values.map(([, value]) => value))
  return wire(set(2, ipfixTemplate(256, fields)), set(256, record))
}

/** Decodes one IPFIX record that has exactly these fields into the flows that it stands for. */
export function ipfixFlowsOf(...values: readonly IpfixValue[]): readonly DecodedFlow[] {
  const { flows, problems } = decodeAlone(ipfixMessage(oneIpfixRecord(values)))
  assert.deepEqual(problems, [])
  return flows
}

/** The same for a record that stands for one flow. */
export function ipfixFlowOf(...values: readonly IpfixValue[]): DecodedFlow {
  const [flow, ...others] = ipfixFlowsOf(...values)
  assert.ok(flow !== undefined && others.length === 0, 'one record is one flow')
  return flow
}

/** Decodes one record whose only field is of variable length; gives its `extra`. */
export function variableExtraOf(id: number, value: Wire, enterprise?: number): unknown {
  const field = enterprise === undefined ? [id, VARIABLE] : [id, VARIABLE, enterprise]
  const definition = set(2, ipfixTemplate(256, [field as unknown as IpfixField]))
  const { flows, problems } = decodeAlone(ipfixMessage(definition, set(256, value)))
  assert.deepEqual(problems, [])
  return JSON.parse(String(flows[0]?.extra))
}
