/**
 * Elements of vendors that fill a column where the template has no element of IANA for it, written
 * down apart from the decoder's table.
 */

import { VARIABLE } from '../netflow-bytes.ts'
import type { ExpectedFlow, RecordField } from './record-model.ts'

type Ends = 'addresses' | 'ports'

interface Meaning {
  readonly id: number
  /** Elements of IANA that make the vendor's superfluous. */
  readonly unless: readonly number[]
  /** Columns of a client and a server. */
  readonly ends?: Ends
}

const ADDRESSES = [8, 12, 27, 28]
const PORTS = [7, 11, 180, 181, 182, 183]
const COUNTERS = [1, 23, 231, 232, 85, 352]

/** IPv4, IPv6 and port: of the client and the server in turn, or of source and destination. */
function endsFrom(first: number, isClient: boolean): (readonly [id: number, Meaning])[] {
  const addresses = isClient ? ({ ends: 'addresses' } as const) : {}
  return [8, 12, 27, 28].map((id, index) => [
    first + index,
    { id, unless: ADDRESSES, ...addresses },
  ])
}

function portsFrom(first: number, isClient: boolean): (readonly [id: number, Meaning])[] {
  const ports = isClient ? ({ ends: 'ports' } as const) : {}
  return [7, 11].map((id, index) => [first + index, { id, unless: PORTS, ...ports }])
}

const CISCO: ReadonlyMap<number, Meaning> = new Map([
  ...endsFrom(12_236, true),
  ...portsFrom(12_240, true),
  [8337, { id: 232, unless: COUNTERS }],
  [8338, { id: 231, unless: COUNTERS }],
])

const VMWARE: ReadonlyMap<number, Meaning> = new Map([
  [880, { id: 4, unless: [4] }],
  ...endsFrom(881, false),
  ...portsFrom(886, false),
])

function meaningOf({ element, length }: RecordField): Meaning | undefined {
  if (length === VARIABLE) return undefined
  if (element.enterprise === 6876) return VMWARE.get(element.id)
  if (element.enterprise === 9) return CISCO.get(element.id)
  return element.enterprise === 0 ? CISCO.get(element.id - 0x8000) : undefined
}

function has(fields: readonly RecordField[], ids: readonly number[]): boolean {
  return fields.some(({ element, length }) => {
    return element.enterprise === 0 && ids.includes(element.id) && length !== VARIABLE
  })
}

/** The fields of a record as they are read, and the columns of a client and a server. */
interface ReadFields {
  readonly fields: readonly RecordField[]
  readonly clientEnds: ReadonlySet<Ends>
}

/** Reads the elements of vendors as those of IANA, under the name of the vendor's. */
export function readSynonyms(sent: readonly RecordField[]): ReadFields {
  const clientEnds = new Set<Ends>()
  const fields = sent.map((field): RecordField => {
    const meaning = meaningOf(field)
    if (!meaning || has(sent, meaning.unless)) return field
    if (meaning.ends) clientEnds.add(meaning.ends)
    const { name, type } = field.element
    return { ...field, element: { enterprise: 0, id: meaning.id, name, type }, sentName: name }
  })
  const isOfInitiator = fields.some(({ element: { enterprise, id } }) => {
    return enterprise === 0 && [231, 232, 298, 299].includes(id)
  })
  return { fields, clientEnds: isOfInitiator ? new Set() : clientEnds }
}

/** Swaps client and server if `biflowDirection` says that the client is the destination. */
export function placeClient(flow: ExpectedFlow, { fields, clientEnds }: ReadFields): ExpectedFlow {
  const direction = fields.find(({ element, length }) => {
    return element.enterprise === 0 && element.id === 239 && length !== VARIABLE
  })
  if (direction?.value.uint !== 2n) return flow
  const { srcAddr, dstAddr, srcPort, dstPort, ...others } = flow.columns
  const isIcmp = others.protocol === 1 || others.protocol === 58
  const swaps = {
    addresses: clientEnds.has('addresses'),
    ports: clientEnds.has('ports') && !isIcmp,
  }
  const columns = {
    ...others,
    ...present(swaps.addresses ? { srcAddr: dstAddr, dstAddr: srcAddr } : { srcAddr, dstAddr }),
    ...present(swaps.ports ? { srcPort: dstPort, dstPort: srcPort } : { srcPort, dstPort }),
  }
  return { columns, extra: flow.extra }
}

function present<Columns extends object>(columns: Columns): object {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined))
}
