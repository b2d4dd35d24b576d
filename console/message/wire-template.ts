/** Templates as they are in messages, and a memory of them. */

import { describeElement } from '../../writer/netflow/library.ts'

export const VARIABLE_LENGTH = 65_535

export interface WireField {
  readonly enterprise: number
  readonly id: number
  /** Bytes, or `VARIABLE_LENGTH`. */
  readonly length: number
  readonly name: string
  /** The abstract data type; undefined if the element is unknown. */
  readonly type: string | undefined
  readonly isScope: boolean
}

export interface WireTemplate {
  readonly id: number
  readonly isOptions: boolean
  readonly fields: readonly WireField[]
  /** Bytes of the shortest record. */
  readonly minBytes: number
}

/** Scope types of v9 by number (RFC 3954 section 6.1): they are no information elements. */
const V9_SCOPES: ReadonlyMap<number, string> = new Map([
  [1, 'scopeSystem'],
  [2, 'scopeInterface'],
  [3, 'scopeLineCard'],
  [4, 'scopeCache'],
  [5, 'scopeTemplate'],
])

/** Describes a field of a template. A v9 scope with the size of an address is an address. */
export function createField(
  enterprise: number,
  id: number,
  length: number,
  scope: 'none' | 'v9' | 'ipfix' = 'none',
): WireField {
  const isScope = scope !== 'none'
  if (scope === 'v9') {
    const name = V9_SCOPES.get(id) ?? `scope${id}`
    return { enterprise, id, length, name, type: scopeType(id, length), isScope }
  }
  return { enterprise, id, length, ...describeElement(enterprise, id), isScope }
}

function scopeType(id: number, length: number): string {
  if (id === 1 && length === 4) return 'ipv4Address'
  return id === 1 && length === 16 ? 'ipv6Address' : 'unsigned64'
}

export function createTemplate(template: Omit<WireTemplate, 'minBytes'>): WireTemplate {
  const lengths = template.fields.map(({ length }) => (length === VARIABLE_LENGTH ? 1 : length))
  return { ...template, minBytes: lengths.reduce((sum, length) => sum + length, 0) }
}

/** The sender of a message, to whom its templates belong. */
export interface MessageOrigin {
  readonly address: string
  readonly port: number
}

/** Beyond it all are forgotten, so that a flood of templates does not fill the memory. */
const MAX_TEMPLATES = 200_000

/**
 * The templates of all exporters. Exporters that share an address are told apart by their ports. An
 * exporter may also send its templates from another port than its data.
 */
export class TemplateMemory {
  readonly #templates = new Map<string, WireTemplate>()

  set(stream: string, { address, port }: MessageOrigin, template: WireTemplate): void {
    if (this.#templates.size > MAX_TEMPLATES) this.#templates.clear()
    this.#templates.set(`${stream} ${template.id} ${address} ${port}`, template)
    this.#templates.set(`${stream} ${template.id} ${address}`, template)
  }

  get(stream: string, { address, port }: MessageOrigin, id: number): WireTemplate | undefined {
    return (
      this.#templates.get(`${stream} ${id} ${address} ${port}`) ??
      this.#templates.get(`${stream} ${id} ${address}`)
    )
  }
}
