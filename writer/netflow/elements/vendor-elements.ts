/**
 * Field types of NetFlow v9 above 32767 that vendors have taken for themselves: v9 knows no
 * enterprise numbers, so the exporter does not say whose they are. One element a line, as in
 * `information-elements.ts`: id, name, abstract data type.
 */

export const VENDOR_ELEMENTS = `
33000 ingressAclId octetArray
33001 egressAclId octetArray
33002 firewallExtendedEvent unsigned16
40000 aaaUsername string
40001 xlateSourceAddressIPv4 ipv4Address
40002 xlateDestinationAddressIPv4 ipv4Address
40003 xlateSourcePort unsigned16
40004 xlateDestinationPort unsigned16
40005 firewallEventLegacy unsigned8
56701 paloAltoAppId string
56702 paloAltoUserId string
57590 ntopL7Protocol unsigned16
57591 ntopL7ProtocolName string
`
