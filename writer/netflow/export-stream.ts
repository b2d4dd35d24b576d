/**
 * What the decoder remembers of one stream: an exporter's messages of one version and observation
 * domain. Templates of different streams never meet.
 */

import { BoundedMap, OldestFirst } from './bounded-map.ts'
import { MAX_FIELDS_PER_STREAM, MAX_NAMES_PER_STREAM, MAX_TEMPLATES_PER_STREAM } from './limits.ts'
import { Samplers } from './samplers.ts'
import { sameDefinition, type Template } from './template.ts'

/** How a template definition changed what was known. */
export type TemplateChange = 'new' | 'changed' | 'refreshed'

export class ExportStream {
  /** Names the exporter whose memory limits apply. */
  readonly exporter: string
  readonly exporterBytes: Uint8Array
  readonly exportVersion: number
  readonly observationDomain: number
  readonly samplers = new Samplers()
  /** By ifIndex. */
  readonly interfaceNames = new BoundedMap<number, string>(MAX_NAMES_PER_STREAM)
  /** By application id in hex. */
  readonly applicationNames = new BoundedMap<string, string>(MAX_NAMES_PER_STREAM)
  /** By sampler id. */
  readonly samplerNames = new BoundedMap<number, string>(MAX_NAMES_PER_STREAM)
  /** When the exporter booted (160), Unix milliseconds, where its options say so; NaN: unknown. */
  systemInitMs = Number.NaN
  /** When a template was last defined or refreshed, Unix microseconds; 0: never. */
  lastTemplateMicros = 0
  readonly #templates = new Map<number, Template>()
  readonly #oldestTemplate = new OldestFirst(this.#templates)
  #fieldCount = 0

  constructor(identity: {
    readonly exporter: string
    readonly exporterBytes: Uint8Array
    readonly exportVersion: number
    readonly observationDomain: number
  }) {
    this.exporter = identity.exporter
    this.exporterBytes = identity.exporterBytes
    this.exportVersion = identity.exportVersion
    this.observationDomain = identity.observationDomain
  }

  get templateCount(): number {
    return this.#templates.size
  }

  /** Fields of all templates together. */
  get fieldCount(): number {
    return this.#fieldCount
  }

  template(id: number): Template | undefined {
    return this.#templates.get(id)
  }

  /** Takes a definition into force at once; at a limit the least recently refreshed ones go. */
  define(template: Template): TemplateChange {
    const known = this.#templates.get(template.id)
    const same = known !== undefined && sameDefinition(known, template)
    this.forget(template.id)
    this.#makeRoom(template.fields.length)
    this.#templates.set(template.id, same ? known : template)
    this.#fieldCount += template.fields.length
    if (same) return 'refreshed'
    return known ? 'changed' : 'new'
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    const known = this.#templates.get(id)
    if (known === undefined) return
    this.#templates.delete(id)
    this.#fieldCount -= known.fields.length
  }

  #makeRoom(fields: number): void {
    while (
      this.#templates.size >= MAX_TEMPLATES_PER_STREAM ||
      this.#fieldCount + fields > MAX_FIELDS_PER_STREAM
    ) {
      const oldest = this.#oldestTemplate.next()
      if (oldest === undefined) return
      this.forget(oldest)
    }
  }
}
