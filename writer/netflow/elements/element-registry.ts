/** Finds the name and the abstract data type of information elements. */

import { INFORMATION_ELEMENTS } from './information-elements.ts'

/** Abstract data types of RFC 7012 section 3.1, RFC 6313 (lists). */
export const DATA_TYPES = [
  'unsigned8',
  'unsigned16',
  'unsigned32',
  'unsigned64',
  'signed8',
  'signed16',
  'signed32',
  'signed64',
  'float32',
  'float64',
  'boolean',
  'macAddress',
  'octetArray',
  'string',
  'dateTimeSeconds',
  'dateTimeMilliseconds',
  'dateTimeMicroseconds',
  'dateTimeNanoseconds',
  'ipv4Address',
  'ipv6Address',
  'basicList',
  'subTemplateList',
  'subTemplateMultiList',
] as const

export type DataType = (typeof DATA_TYPES)[number]

interface InformationElement {
  /** Its key in `extra`. */
  readonly name: string
  readonly type: DataType
}

/** An information element with its numbers. */
export interface ElementDefinition extends InformationElement {
  /** The private enterprise number; 0 for IANA's elements and for every field of NetFlow v9. */
  readonly enterprise: number
  readonly id: number
}

/**
 * Field types of NetFlow v9 that vendors use without a registration. v9 has no enterprise numbers,
 * so a message does not say which vendor's they are. IPFIX cannot send them: their ids are above
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
  serverBytesNetwork: { id: 41_105, type: 'unsigned64' },
  clientBytesNetwork: { id: 41_106, type: 'unsigned64' },
  clientIPv4Address: { id: 45_004, type: 'ipv4Address' },
  serverIPv4Address: { id: 45_005, type: 'ipv4Address' },
  clientIPv6Address: { id: 45_006, type: 'ipv6Address' },
  serverIPv6Address: { id: 45_007, type: 'ipv6Address' },
  clientTransportPort: { id: 45_008, type: 'unsigned16' },
  serverTransportPort: { id: 45_009, type: 'unsigned16' },
  paloAltoAppId: { id: 56_701, type: 'string' },
  paloAltoUserId: { id: 56_702, type: 'string' },
  ntopL7Protocol: { id: 57_590, type: 'unsigned16' },
  ntopL7ProtocolName: { id: 57_591, type: 'string' },
} as const satisfies Readonly<Record<string, { readonly id: number; readonly type: DataType }>>

const registry = new Map<string, InformationElement>()

/**
 * Finds an information element of the registry.
 *
 * @param enterprise 0 for IANA's elements and for every field of NetFlow v9
 * @returns undefined for an unknown element
 */
export function findElement(enterprise: number, id: number): InformationElement | undefined {
  if (registry.size === 0) loadRegistry()
  return registry.get(keyOf(enterprise, id))
}

/** Finds the elements of the registry that have a name, reverse elements included: `enterprise.id`. */
export function findElementsNamed(name: string): readonly string[] {
  if (registry.size === 0) loadRegistry()
  const found: string[] = []
  for (const [key, element] of registry) {
    if (element.name === name) found.push(key)
    if (!key.startsWith('0.') || reverseName(element.name) !== name) continue
    found.push(`${REVERSE_ENTERPRISE}${key.slice(1)}`)
  }
  return found
}

/** Names an element; a reverse element has the key of IANA's. */
function keyOf(enterprise: number, id: number): string {
  return `${enterprise === REVERSE_ENTERPRISE ? 0 : enterprise}.${id}`
}

/** The enterprise number of the reverse direction of IANA's elements (RFC 5103). */
export const REVERSE_ENTERPRISE = 29_305

/** The elements of the registry, and those of a user, which take precedence. */
export class ElementRegistry {
  readonly #own: ReadonlyMap<string, InformationElement>

  /** @param own checked by `OwnElements` */
  constructor(own: readonly ElementDefinition[] = []) {
    this.#own = new Map(own.map((element) => [keyOf(element.enterprise, element.id), element]))
  }

  /** Finds an element; undefined if it is unknown. */
  find(enterprise: number, id: number): InformationElement | undefined {
    return this.#own.get(keyOf(enterprise, id)) ?? findElement(enterprise, id)
  }

  /** Returns the name of an element, or `enterprise.id` if it is unknown. */
  nameOf(enterprise: number, id: number): string {
    const element = this.find(enterprise, id)
    if (element === undefined) return `${enterprise}.${id}`
    return enterprise === REVERSE_ENTERPRISE ? reverseName(element.name) : element.name
  }

  /** Whether an element is the user's. */
  isOwn(enterprise: number, id: number): boolean {
    return this.#own.size > 0 && this.#own.has(keyOf(enterprise, id))
  }
}

/** The registry without elements of a user. */
export const STANDARD_ELEMENTS = new ElementRegistry()

/** Returns the name of the reverse direction of an element. */
function reverseName(name: string): string {
  return `reverse${name.charAt(0).toUpperCase()}${name.slice(1)}`
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
