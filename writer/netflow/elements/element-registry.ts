/** Finds the name and the abstract data type of information elements. */

import { INFORMATION_ELEMENTS } from './information-elements.ts'

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

interface InformationElement {
  readonly name: string
  readonly type: DataType
}

/**
 * Field types of NetFlow v9 that vendors use without a registration. v9 has no enterprise numbers,
 * so the exporter does not say which vendor's they are. IPFIX cannot send them: their ids are above
 * 32767.
 */
export const VENDOR_ELEMENTS = {
  ingressAclId: { id: 33_000, type: 'octetArray' },
  egressAclId: { id: 33_001, type: 'octetArray' },
  firewallExtendedEvent: { id: 33_002, type: 'unsigned16' },
  aaaUsername: { id: 40_000, type: 'string' },
  xlateSourceAddressIPv4: { id: 40_001, type: 'ipv4Address' },
  xlateDestinationAddressIPv4: { id: 40_002, type: 'ipv4Address' },
  xlateSourcePort: { id: 40_003, type: 'unsigned16' },
  xlateDestinationPort: { id: 40_004, type: 'unsigned16' },
  firewallEventLegacy: { id: 40_005, type: 'unsigned8' },
  paloAltoAppId: { id: 56_701, type: 'string' },
  paloAltoUserId: { id: 56_702, type: 'string' },
  ntopL7Protocol: { id: 57_590, type: 'unsigned16' },
  ntopL7ProtocolName: { id: 57_591, type: 'string' },
} as const satisfies Readonly<Record<string, { readonly id: number; readonly type: DataType }>>

const registry = new Map<string, InformationElement>()

/**
 * Finds an information element.
 *
 * @param enterprise 0 for IANA's elements and for every field of NetFlow v9
 * @returns undefined for an unknown element
 */
export function findElement(enterprise: number, id: number): InformationElement | undefined {
  if (registry.size === 0) loadRegistry()
  return registry.get(`${enterprise === REVERSE_ENTERPRISE ? 0 : enterprise}.${id}`)
}

/** The enterprise number of the reverse direction of IANA's elements (RFC 5103). */
export const REVERSE_ENTERPRISE = 29_305

/** Returns the registered name of an element, or `enterprise.id` if it is unknown. */
export function elementName(enterprise: number, id: number): string {
  const element = findElement(enterprise, id)
  if (element === undefined) return `${enterprise}.${id}`
  if (enterprise !== REVERSE_ENTERPRISE) return element.name
  return `reverse${element.name.charAt(0).toUpperCase()}${element.name.slice(1)}`
}

function loadRegistry(): void {
  for (const [enterprise, elements] of INFORMATION_ELEMENTS) {
    for (const line of elements.split('\n')) {
      const [id, name, type] = line.split(' ')
      if (name === undefined) continue
      registry.set(`${enterprise}.${id}`, { name, type: type as DataType })
    }
  }
  for (const [name, { id, type }] of Object.entries(VENDOR_ELEMENTS)) {
    registry.set(`0.${id}`, { name, type })
  }
}
