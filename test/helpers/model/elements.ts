/** The information elements that random messages are made of: all of the registry, and unknown ones. */

import fc from 'fast-check'
import {
  type DataType,
  VENDOR_ELEMENTS,
} from '../../../writer/netflow/elements/element-registry.ts'
import { INFORMATION_ELEMENTS } from '../../../writer/netflow/elements/information-elements.ts'

/** An element as a template names it. */
export interface Element {
  readonly enterprise: number
  readonly id: number
  /** Its key in `extra`. */
  readonly name: string
  /** Undefined: the type is unknown, so values are bytes. */
  readonly type: DataType | undefined
}

/** The enterprise number of the reverse direction (RFC 5103). */
export const REVERSE = 29_305

function parseElements(enterprise: number, lines: string): Element[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, name, type] = line.split(' ')
      return { enterprise, id: Number(id), name: String(name), type: type as DataType }
    })
}

/** Every element that is known by name. */
export const REGISTRY: readonly Element[] = INFORMATION_ELEMENTS.flatMap(([enterprise, lines]) =>
  parseElements(enterprise, lines),
)

/** Running totals depend on earlier records, and strings of Cisco have forms of their own. */
const TESTED_ELSEWHERE = new Set([
  'octetTotalCount',
  'packetTotalCount',
  'appHTTPHost',
  'appHTTPUriStatistics',
])
const RANDOM = REGISTRY.filter(({ name }) => !TESTED_ELSEWHERE.has(name))
const IANA = RANDOM.filter(({ enterprise }) => enterprise === 0)
const VENDORS_OF_V9 = Object.entries(VENDOR_ELEMENTS).map(([name, { id, type }]): Element => {
  return { enterprise: 0, id, name, type }
})

/** Elements that become more than a member of `extra`. */
const SPECIAL_IDS = new Set(
  [
    [1, 23, 231, 352, 2, 24, 298, 232, 299],
    [8, 27, 12, 28, 15, 62, 60, 256, 9, 13, 29, 30],
    [7, 11, 180, 181, 182, 183, 4, 5, 195, 6, 32, 139, 176, 177, 178, 179],
    [10, 252, 14, 253, 16, 17, 56, 80, 57, 81, 58, 243, 59, 254, 61, 89, 136],
    [233, 230, 34, 50, 48, 302, 210],
    [150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 21, 22],
    [322, 323, 324, 325, 239],
  ].flat(),
)
const SPECIAL = IANA.filter(({ id }) => SPECIAL_IDS.has(id))
/** Elements of vendors that may fill a column. */
const SYNONYMS = RANDOM.filter(({ enterprise, id }) => {
  if (enterprise === 6876) return id >= 880 && id <= 887
  return enterprise === 9 && ([8337, 8338].includes(id) || (id >= 12_236 && id <= 12_241))
})

function unknown(enterprise: number, id: number): Element {
  return { enterprise, id, name: `${enterprise}.${id}`, type: undefined }
}

const isKnown = new Set([...REGISTRY, ...VENDORS_OF_V9].map(keyOf))

/** Names an element within all enterprises. */
export function keyOf({ enterprise, id }: Pick<Element, 'enterprise' | 'id'>): string {
  return `${enterprise}.${id}`
}

function unknownOf(enterprises: fc.Arbitrary<number>, maxId: number): fc.Arbitrary<Element> {
  return fc
    .tuple(enterprises, fc.integer({ min: 1, max: maxId }))
    .filter(([enterprise, id]) => !isKnown.has(`${enterprise}.${id}`))
    .map(([enterprise, id]) => unknown(enterprise, id))
}

/** The element of the other direction: same type, a name that says so. */
function reverseOf({ id, name, type }: Element): Element {
  const capitalized = name.replace(/^./, (letter) => letter.toUpperCase())
  return { enterprise: REVERSE, id, name: `reverse${capitalized}`, type }
}

const UNKNOWN_REVERSE = unknownOf(fc.constant(0), 32_767).map(({ id }) => unknown(REVERSE, id))

/** Elements as a template of NetFlow v9 may have them: no enterprises, ids up to 65535. */
export const V9_ELEMENTS: fc.Arbitrary<Element> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...SPECIAL) },
  { weight: 3, arbitrary: fc.constantFrom(...IANA, ...VENDORS_OF_V9) },
  { weight: 1, arbitrary: unknownOf(fc.constant(0), 65_535) },
)

const ENTERPRISES = fc.oneof(fc.constantFrom(9, 2636, 35_632), fc.integer({ min: 1, max: 2 ** 31 }))

/** Elements as a template of IPFIX may have them. */
export const IPFIX_ELEMENTS: fc.Arbitrary<Element> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...SPECIAL) },
  { weight: 5, arbitrary: fc.constantFrom(...RANDOM) },
  { weight: 2, arbitrary: fc.constantFrom(...SYNONYMS) },
  { weight: 1, arbitrary: unknownOf(fc.constant(0), 32_767) },
  { weight: 1, arbitrary: unknownOf(ENTERPRISES, 32_767) },
  { weight: 2, arbitrary: fc.constantFrom(...SPECIAL).map(reverseOf) },
  { weight: 1, arbitrary: fc.constantFrom(...IANA).map(reverseOf) },
  { weight: 1, arbitrary: UNKNOWN_REVERSE },
)
