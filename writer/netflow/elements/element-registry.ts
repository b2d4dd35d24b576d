/** Looks information elements up: name and abstract data type by enterprise number and id. */

import { INFORMATION_ELEMENTS } from './information-elements.ts'
import { VENDOR_ELEMENTS } from './vendor-elements.ts'

/** Abstract data types of RFC 7012 section 3.1, RFC 6313 (lists). */
export type DataType =
  | 'unsigned8'
  | 'unsigned16'
  | 'unsigned32'
  | 'unsigned64'
  | 'signed8'
  | 'signed16'
  | 'signed32'
  | 'signed64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'macAddress'
  | 'octetArray'
  | 'string'
  | 'dateTimeSeconds'
  | 'dateTimeMilliseconds'
  | 'dateTimeMicroseconds'
  | 'dateTimeNanoseconds'
  | 'ipv4Address'
  | 'ipv6Address'
  | 'basicList'
  | 'subTemplateList'
  | 'subTemplateMultiList'

export interface InformationElement {
  readonly name: string
  readonly type: DataType
}

const registry = new Map<string, InformationElement>()

/**
 * Finds an information element.
 *
 * @param enterprise 0 for IANA's elements and for every field of NetFlow v9
 * @returns undefined when it is in no registry that we know
 */
export function findElement(enterprise: number, id: number): InformationElement | undefined {
  if (registry.size === 0) loadRegistry()
  return registry.get(`${enterprise === REVERSE_ENTERPRISE ? 0 : enterprise}.${id}`)
}

/** The enterprise number under which an element means that of the reverse direction (RFC 5103). */
export const REVERSE_ENTERPRISE = 29_305

/** Gives the name of an element for people: its registered name, or `enterprise.id`. */
export function elementName(enterprise: number, id: number): string {
  const element = findElement(enterprise, id)
  if (element === undefined) return `${enterprise}.${id}`
  if (enterprise !== REVERSE_ENTERPRISE) return element.name
  return `reverse${element.name.charAt(0).toUpperCase()}${element.name.slice(1)}`
}

function loadRegistry(): void {
  // In IPFIX no element of IANA's has an id above 32767, so these are only found for v9.
  for (const [enterprise, elements] of [...INFORMATION_ELEMENTS, [0, VENDOR_ELEMENTS] as const]) {
    for (const line of elements.split('\n')) {
      const [id, name, type] = line.split(' ')
      if (name === undefined) continue
      registry.set(`${enterprise}.${id}`, { name, type: type as DataType })
    }
  }
}
