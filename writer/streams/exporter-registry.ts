/** The registry of exporters: who is admitted, who is enabled, and when each was heard. */

import { addressText } from '../netflow/address-text.ts'
import type { SamplingSettings } from '../netflow/memory/samplers.ts'
import { parseSequenceCheck, type SequenceCheck } from '../sequence/sequence-unit.ts'
import type { AllowList } from './allow-list.ts'
import { parseAddress } from './ip-address.ts'

/** With `known`, a new exporter is disabled until an operator enables it. */
export const EXPORTER_POLICIES = ['open', 'known'] as const
export type ExporterPolicy = (typeof EXPORTER_POLICIES)[number]

/** The sampling settings of a new exporter. */
const NO_SETTINGS: SamplingSettings = { override: null, default: null, byteOrder: 'network' }

/** One exporter; the registry keeps the object up to date. Times are Unix microseconds. */
export interface Exporter {
  /** As `addressText` writes it. */
  readonly address: string
  /** The address in 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** Flows of a disabled exporter are not stored. */
  readonly enabled: boolean
  /**
   * The operator's settings; a new object when they change. `override` is the rate of all flows,
   * `default` the rate of flows without an announced one. `byteOrder` is that of rates in data
   * records, which is `network` by the RFCs.
   */
  readonly sampling: SamplingSettings
  /** How the operator wants its sequence numbers to be followed. */
  readonly sequenceCheck: SequenceCheck
  /** null: an operator has registered it, and it was not heard when its row was read. */
  readonly firstSeenMicros: number | null
  readonly lastSeenMicros: number | null
}

/** Why an address was not admitted. */
export type AdmissionRefusal = 'invalid-address' | 'not-allowed' | 'too-many'

export interface ExporterRegistryOptions {
  readonly allowList: AllowList
  readonly policy: ExporterPolicy
  readonly maxExporters: number
}

/** A row of the table of exporters. */
interface ExporterRow extends Omit<Exporter, 'bytes' | 'sequenceCheck'> {
  readonly sequenceCheck: string
}

interface Entry extends Exporter {
  enabled: boolean
  sampling: SamplingSettings
  sequenceCheck: SequenceCheck
  lastSeenMicros: number | null
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

  /** Finds an exporter by its address as `addressText` writes it. */
  find(address: string): Exporter | undefined {
    return this.#entries.get(address)
  }

  /**
   * Finds the exporter of a datagram, or registers a new one. The caller checks the header of the
   * datagram first, so that garbage from spoofed addresses registers nobody. A known exporter that
   * the allow list no longer has is refused too.
   */
  admit(address: string, receivedAtMicros: number): Exporter | AdmissionRefusal {
    const known = this.#entries.get(address)
    if (known === undefined) return this.#admitNew(address, receivedAtMicros)
    if (receivedAtMicros > (known.lastSeenMicros ?? 0)) known.lastSeenMicros = receivedAtMicros
    return known
  }

  /**
   * Applies the rows of the database, at start and after every poll. Allowed exporters that are not
   * registered yet are added, and the settings of the others are updated. Exporters without a row
   * stay unchanged.
   *
   * @returns the exporters with changed settings
   */
  update(rows: Iterable<ExporterRow>): readonly Exporter[] {
    const changed: Exporter[] = []
    for (const row of rows) {
      const sequenceCheck = parseSequenceCheck(row.sequenceCheck)
      const entry = this.#entries.get(row.address) ?? this.#entryOf(row)
      if (entry === undefined) continue
      const isSame =
        entry.enabled === row.enabled &&
        entry.sequenceCheck === sequenceCheck &&
        isSameSampling(entry.sampling, row.sampling)
      if (isSame) continue
      entry.enabled = row.enabled
      entry.sampling = row.sampling
      entry.sequenceCheck = sequenceCheck
      changed.push(entry)
    }
    return changed
  }

  /** Finds the entry of a row by any notation of its address, or adds an allowed exporter. */
  #entryOf(row: ExporterRow): Entry | undefined {
    const bytes = parseAddress(row.address)
    if (bytes === undefined) return undefined
    const address = addressText(bytes)
    const known = this.#entries.get(address)
    if (known !== undefined || !this.#options.allowList.allows(address)) return known
    const sequenceCheck = parseSequenceCheck(row.sequenceCheck)
    const entry = { ...row, sequenceCheck, address, bytes }
    this.#entries.set(address, entry)
    return entry
  }

  #admitNew(text: string, receivedAtMicros: number): Exporter | AdmissionRefusal {
    const bytes = parseAddress(text)
    if (bytes === undefined) return 'invalid-address'
    const address = addressText(bytes)
    // The text may be another notation of a known address.
    if (address !== text && this.#entries.has(address)) return this.admit(address, receivedAtMicros)
    if (!this.#options.allowList.allows(address)) return 'not-allowed'
    if (this.#entries.size >= this.#options.maxExporters) return 'too-many'
    const entry: Entry = {
      address,
      bytes,
      enabled: this.#options.policy === 'open',
      sampling: NO_SETTINGS,
      sequenceCheck: 'auto',
      firstSeenMicros: receivedAtMicros,
      lastSeenMicros: receivedAtMicros,
    }
    this.#entries.set(address, entry)
    return entry
  }
}

function isSameSampling(a: SamplingSettings, b: SamplingSettings): boolean {
  return a.override === b.override && a.default === b.default && a.byteOrder === b.byteOrder
}
