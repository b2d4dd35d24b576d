/**
 * Elements of vendors that mean the same as an element of IANA. Templates that have only the vendor's
 * element fill the column of the other one.
 */

import { VENDOR_ELEMENTS } from './element-registry.ts'
import { IE } from './information-elements.ts'

/** The element of IANA that a vendor's element means. */
interface Synonym {
  /** IANA's element. */
  readonly id: number
  /** Whether it names the end of a client or a server, which may be source or destination. */
  readonly isOfConnection: boolean
}

type Pairs = readonly (readonly [vendor: number, iana: number])[]

const CISCO = 9
const VMWARE = 6876

/** Cisco's Application Visibility and Control: client and server, in that order. */
const CISCO_CONNECTION: Pairs = [
  [12_236, IE.sourceIPv4Address],
  [12_237, IE.destinationIPv4Address],
  [12_238, IE.sourceIPv6Address],
  [12_239, IE.destinationIPv6Address],
  [12_240, IE.sourceTransportPort],
  [12_241, IE.destinationTransportPort],
]

/** The same in v9, which has no enterprise numbers. */
const CISCO_CONNECTION_V9: Pairs = [
  [VENDOR_ELEMENTS.clientIPv4Address.id, IE.sourceIPv4Address],
  [VENDOR_ELEMENTS.serverIPv4Address.id, IE.destinationIPv4Address],
  [VENDOR_ELEMENTS.clientIPv6Address.id, IE.sourceIPv6Address],
  [VENDOR_ELEMENTS.serverIPv6Address.id, IE.destinationIPv6Address],
  [VENDOR_ELEMENTS.clientTransportPort.id, IE.sourceTransportPort],
  [VENDOR_ELEMENTS.serverTransportPort.id, IE.destinationTransportPort],
]

/** Bytes that the server and the client of a connection sent. */
const CISCO_COUNTERS: Pairs = [
  [8_337, IE.responderOctets],
  [8_338, IE.initiatorOctets],
]

const CISCO_COUNTERS_V9: Pairs = [
  [VENDOR_ELEMENTS.serverBytesNetwork.id, IE.responderOctets],
  [VENDOR_ELEMENTS.clientBytesNetwork.id, IE.initiatorOctets],
]

/** The inner flow of a VXLAN tunnel, where the outer one is not exported. */
const VMWARE_TENANT: Pairs = [
  [880, IE.protocolIdentifier],
  [881, IE.sourceIPv4Address],
  [882, IE.destinationIPv4Address],
  [883, IE.sourceIPv6Address],
  [884, IE.destinationIPv6Address],
  [886, IE.sourceTransportPort],
  [887, IE.destinationTransportPort],
]

const TABLES: readonly (readonly [enterprise: number, isOfConnection: boolean, pairs: Pairs])[] = [
  [CISCO, true, CISCO_CONNECTION],
  [0, true, CISCO_CONNECTION_V9],
  [CISCO, false, CISCO_COUNTERS],
  [0, false, CISCO_COUNTERS_V9],
  [VMWARE, false, VMWARE_TENANT],
]

/** All synonyms by `enterprise.id`. */
export const SYNONYMS: ReadonlyMap<string, Synonym> = new Map(
  TABLES.flatMap(([enterprise, isOfConnection, pairs]) =>
    pairs.map(([vendor, id]) => [`${enterprise}.${vendor}`, { id, isOfConnection }] as const),
  ),
)

/** Finds the element of IANA that means the same. */
export function findSynonym(enterprise: number, id: number): Synonym | undefined {
  return SYNONYMS.get(`${enterprise}.${id}`)
}
