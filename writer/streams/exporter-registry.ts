/**
 * Knows the exporters: who may be one, who is enabled, when each was first and last heard. It is
 * pure state; it reads no settings, no clock and no database.
 */

import type { AllowList } from './allow-list.ts'
import { formatAddress, parseAddress } from './ip-address.ts'

/** `known`: a new exporter is registered disabled, until an operator enables it. */
export const EXPORTER_POLICIES = ['open', 'known'] as const
export type ExporterPolicy = (typeof EXPORTER_POLICIES)[number]

/** In which order the bytes of sampling rates in data records stand; `network` by the RFCs. */
export type SamplingByteOrder = 'network' | 'little'

/** What an operator has said about the sampling of an exporter; a new object when it changes. */
export interface SamplingSettings {
  /** The rate of all its flows, whatever it says itself. */
  readonly override: number | null
  /** The rate where nothing else says one. */
  readonly default: number | null
  readonly byteOrder: SamplingByteOrder
}

const NO_SETTINGS: SamplingSettings = { override: null, default: null, byteOrder: 'network' }

/** One exporter; the registry keeps it up to date. Times are Unix microseconds. */
export interface Exporter {
  /** In canonical text. */
  readonly address: string
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** Flows of a disabled exporter are not stored. */
  readonly enabled: boolean
  readonly sampling: SamplingSettings
  readonly firstSeenMicros: number
  readonly lastSeenMicros: number
}

/** Why an address was not admitted. */
export type AdmissionRefusal = 'invalid-address' | 'not-allowed' | 'too-many'

export interface ExporterRegistryOptions {
  readonly allowList: AllowList
  readonly policy: ExporterPolicy
  readonly maxExporters: number
}

/** A row of the table of exporters, as far as the registry needs it. */
export interface ExporterRow {
  readonly address: string
  readonly enabled: boolean
  readonly sampling: SamplingSettings
  readonly firstSeenMicros: number
  readonly lastSeenMicros: number
}

interface Entry extends Exporter {
  enabled: boolean
  sampling: SamplingSettings
  lastSeenMicros: number
}

export class ExporterRegistry {
  readonly #options: ExporterRegistryOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: ExporterRegistryOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  /** Finds an exporter by its canonical text; undefined when it is not registered. */
  find(address: string): Exporter | undefined {
    return this.#entries.get(address)
  }

  /**
   * Finds the exporter of a datagram, or registers a new one. Only to be called for a datagram
   * whose header is valid, so that garbage from spoofed addresses registers nobody. A known
   * exporter that is not allowed any more is refused, too.
   */
  admit(address: string, receivedAtMicros: number): Exporter | AdmissionRefusal {
    const known = this.#entries.get(address)
    if (known === undefined) return this.#admitNew(address, receivedAtMicros)
    if (receivedAtMicros > known.lastSeenMicros) known.lastSeenMicros = receivedAtMicros
    return known
  }

  /**
   * Takes the rows of the database, at start and whenever it is polled: an exporter that is not
   * known yet is added (unless it is not allowed), and what an operator sets is taken over. Exporters
   * without a row stay as they are.
   *
   * @returns the exporters that it changed
   */
  update(rows: Iterable<ExporterRow>): readonly Exporter[] {
    const changed: Exporter[] = []
    for (const row of rows) {
      const bytes = parseAddress(row.address)
      if (bytes === undefined) continue
      const address = formatAddress(bytes)
      const entry = this.#entries.get(address)
      if (entry === undefined) {
        if (!this.#options.allowList.allows(address)) continue
        this.#entries.set(address, { ...row, address, bytes })
      } else if (entry.enabled !== row.enabled || !isSame(entry.sampling, row.sampling)) {
        entry.enabled = row.enabled
        entry.sampling = row.sampling
        changed.push(entry)
      }
    }
    return changed
  }

  #admitNew(text: string, receivedAtMicros: number): Exporter | AdmissionRefusal {
    const bytes = parseAddress(text)
    if (bytes === undefined) return 'invalid-address'
    const address = formatAddress(bytes)
    // The same address in another notation is no other exporter.
    if (address !== text && this.#entries.has(address)) return this.admit(address, receivedAtMicros)
    if (!this.#options.allowList.allows(address)) return 'not-allowed'
    if (this.#entries.size >= this.#options.maxExporters) return 'too-many'
    const entry = {
      address,
      bytes,
      enabled: this.#options.policy === 'open',
      sampling: NO_SETTINGS,
      firstSeenMicros: receivedAtMicros,
      lastSeenMicros: receivedAtMicros,
    }
    this.#entries.set(address, entry)
    return entry
  }
}

function isSame(a: SamplingSettings, b: SamplingSettings): boolean {
  return a.override === b.override && a.default === b.default && a.byteOrder === b.byteOrder
}
