/**
 * Checks the elements that a user adds to the registry. A wrong one would make two fields of `extra`
 * look alike, or rename one that queries rely on.
 */

import {
  DATA_TYPES,
  type ElementDefinition,
  findElement,
  findElementsNamed,
  REVERSE_ENTERPRISE,
} from './element-registry.ts'

const MAX_ENTERPRISE = 0xffff_ffff
/** IPFIX has 15 bits for an id, v9 has 16. */
const MAX_ID = 0x7fff
const MAX_V9_ID = 0xffff

/** Names in `extra` for values of more than one element. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'flowStart',
  'flowEnd',
  'aggregationScheme',
  'aggregationVersion',
])

const NAME = /^[A-Za-z][\w.-]{0,99}$/

/** Collects elements and checks each against the registry and against the others. */
export class OwnElements {
  readonly #elements: ElementDefinition[] = []
  /** Where each element and each name was defined. */
  readonly #placesByKey = new Map<string, string>()
  readonly #placesByName = new Map<string, string>()

  /** The elements without a problem. */
  get elements(): readonly ElementDefinition[] {
    return this.#elements
  }

  /**
   * Adds an element unless something is wrong with it.
   *
   * @param place names the definition in problems of later ones, e.g. `line 7`
   * @returns the problem and its remedy; undefined if there is none
   */
  add(element: ElementDefinition, place: string): string | undefined {
    const problem = findProblem(element) ?? this.#findRepetition(element)
    if (problem !== undefined) return problem
    this.#placesByKey.set(keyOf(element), place)
    this.#placesByName.set(element.name, place)
    this.#elements.push({ ...element })
    return undefined
  }

  #findRepetition(element: ElementDefinition): string | undefined {
    const key = keyOf(element)
    const byKey = this.#placesByKey.get(key)
    if (byKey !== undefined) return `${byKey} defines element ${key} already; remove one of them`
    const byName = this.#placesByName.get(element.name)
    if (byName === undefined) return undefined
    return `${byName} has the name ${element.name} already; choose another one`
  }
}

function keyOf({ enterprise, id }: ElementDefinition): string {
  return `${enterprise}.${id}`
}

function findProblem(element: ElementDefinition): string | undefined {
  return findWrongNumber(element) ?? findWrongType(element) ?? findWrongName(element)
}

function findWrongNumber({ enterprise, id }: ElementDefinition): string | undefined {
  if (!isWhole(enterprise, 0, MAX_ENTERPRISE)) {
    return `the enterprise ${enterprise} is not a whole number from 0 to ${MAX_ENTERPRISE}`
  }
  if (enterprise === REVERSE_ENTERPRISE) {
    return `the elements of enterprise ${REVERSE_ENTERPRISE} are those of IANA in reverse; remove this one`
  }
  const [min, max] = enterprise === 0 ? [1, MAX_V9_ID] : [0, MAX_ID]
  if (!isWhole(id, min, max)) {
    return `the id ${id} is not a whole number from ${min} to ${max}, the ids of enterprise ${enterprise}`
  }
  const known = enterprise === 0 && id <= MAX_ID ? findElement(0, id) : undefined
  return known && `element 0.${id} is IANA's ${known.name}; remove this one`
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function findWrongType({ type }: ElementDefinition): string | undefined {
  if ((DATA_TYPES as readonly string[]).includes(type)) return undefined
  return `unknown type "${type}"; use one of ${DATA_TYPES.join(', ')}`
}

function findWrongName({ enterprise, id, name }: ElementDefinition): string | undefined {
  if (!NAME.test(name)) {
    return `the name "${name}" is not allowed: begin with a letter, then use letters, digits, _ . or -, 100 at most`
  }
  if (findElement(enterprise, id)?.name === name) return undefined
  if (RESERVED_NAMES.has(name))
    return `the name ${name} has another meaning in extra; choose another one`
  // Other enterprises may have the name: an exporter sends the elements of one, and queries want
  // one name.
  const other = findElementsNamed(name).find((key) => {
    return [0, REVERSE_ENTERPRISE, enterprise].some((taken) => key.startsWith(`${taken}.`))
  })
  if (other === undefined) return undefined
  return `the name ${name} is that of element ${other}; choose another one`
}
