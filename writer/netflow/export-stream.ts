/**
 * What the decoder remembers of one stream: an exporter's messages of one version and observation
 * domain. Templates of different streams never meet.
 */

import { MAX_TEMPLATES_PER_STREAM } from './limits.ts'
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
  readonly interfaceNames = new Map<number, string>()
  /** By application id in hex. */
  readonly applicationNames = new Map<string, string>()
  /** By sampler id. */
  readonly samplerNames = new Map<number, string>()
  /** When a template was last defined or refreshed, Unix microseconds; 0: never. */
  lastTemplateMicros = 0
  readonly #templates = new Map<number, Template>()

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

  template(id: number): Template | undefined {
    return this.#templates.get(id)
  }

  /** Takes a definition into force at once; at the limit the least recently refreshed one goes. */
  define(template: Template): TemplateChange {
    const known = this.#templates.get(template.id)
    const same = known !== undefined && sameDefinition(known, template)
    this.#templates.delete(template.id)
    if (this.#templates.size >= MAX_TEMPLATES_PER_STREAM) {
      const oldest = this.#templates.keys().next()
      if (!oldest.done) this.#templates.delete(oldest.value)
    }
    this.#templates.set(template.id, same ? known : template)
    if (same) return 'refreshed'
    return known ? 'changed' : 'new'
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    this.#templates.delete(id)
  }
}
