/**
 * What the decoder remembers of one stream: an exporter's messages of one version and observation
 * domain. Templates of different streams never meet.
 */

import { MAX_NAMES_PER_STREAM } from '../limits.ts'
import type { AddressedStreamKey } from '../stream-key.ts'
import { FlowTotals } from './flow-totals.ts'
import type { MemoryRooms } from './memory-room.ts'
import { Samplers } from './samplers.ts'
import type { Template } from './template.ts'
import { type TemplateChange, Templates } from './templates.ts'
import { TrackedMap } from './tracked-map.ts'

const MIN_RESTART_MICROS = 60 * 1_000_000

export class StreamMemory {
  /** Names the exporter whose memory limits apply. */
  readonly exporter: string
  readonly exporterBytes: Uint8Array
  readonly exportVersion: number
  readonly observationDomain: number
  readonly templates: Templates
  readonly samplers: Samplers
  readonly totals = new FlowTotals()
  /** By ifIndex. */
  readonly interfaceNames: TrackedMap<number, string>
  /** By application id in hex. */
  readonly applicationNames: TrackedMap<string, string>
  /** By sampler id. */
  readonly samplerNames: TrackedMap<number, string>
  /** When the exporter booted (160), Unix milliseconds, where its options say so; NaN: unknown. */
  systemInitMs = Number.NaN
  /** The same where its flows only give an idea of it: see `boot-estimate.ts`. */
  bootEstimateMs = Number.NaN
  /** When a template was last defined or refreshed, Unix microseconds; 0: never. */
  lastTemplateMicros = 0
  /** When the message that is being read was received, Unix microseconds. */
  nowMicros = 0
  /** The source port that it came from. */
  sourcePort = 0
  /** When the exporter was last found to have started anew. */
  #restartMicros = 0

  /** @param rooms shared with the other streams; without them only the limits of one apply */
  constructor(key: AddressedStreamKey, rooms?: MemoryRooms) {
    this.exporter = key.exporter
    this.exporterBytes = key.exporterBytes
    this.exportVersion = key.exportVersion
    this.observationDomain = key.observationDomain
    this.templates = new Templates(rooms?.templates)
    this.samplers = new Samplers(rooms?.names)
    this.interfaceNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.applicationNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
    this.samplerNames = new TrackedMap(MAX_NAMES_PER_STREAM, rooms?.names)
  }

  /** Says when and from where the message comes that is read next. */
  arrive(receivedAtMicros: number, sourcePort: number): void {
    this.nowMicros = receivedAtMicros
    this.sourcePort = Math.trunc(sourcePort)
    this.templates.arrive(receivedAtMicros, this.sourcePort)
  }

  template(id: number): Template | undefined {
    return this.templates.get(id)
  }

  /** Takes a definition into force at once; at a limit the least recently refreshed ones go. */
  define(template: Template): TemplateChange {
    return this.templates.define(template)
  }

  /** Forgets a definition: an invalid redefinition must not leave the old one in force. */
  forget(id: number): void {
    this.templates.forget(id)
  }

  /** Marks what was said before the exporter's restart; it is used until something else is said. */
  unconfirm(restartMicros: number): void {
    this.bootEstimateMs = Number.NaN
    // Every entry is looked at: one that restarts all the time must not be paid for each time.
    if (Math.abs(restartMicros - this.#restartMicros) < MIN_RESTART_MICROS) return
    this.#restartMicros = restartMicros
    this.templates.unconfirm(restartMicros)
    this.samplers.unconfirm(restartMicros)
  }
}
