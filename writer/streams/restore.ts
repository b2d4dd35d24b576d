/** Brings back what the database holds of streams and their exporters, once at start. */

import type { Logger } from '../../shared/logger.ts'
import type { ResumePoint } from '../load/tables/resume-point.ts'
import { type HeldSetOwners, restoreHeldSets } from './held-set-rows.ts'
import { RestoredMemory } from './restored-memory.ts'
import { Streams } from './streams.ts'

export interface RestoreOptions extends Omit<HeldSetOwners, 'streams'> {
  readonly logger: Logger
}

/** Makes the streams of a state, and lets the decoder hold what it held before. */
export function restoreStreams(
  { streams: rows, memory }: Pick<ResumePoint, 'streams' | 'memory'>,
  { decoder, messages, logger }: RestoreOptions,
): Streams {
  const streams = new Streams(rows, new RestoredMemory(memory))
  restoreHeldSets(memory.heldSets, { decoder, streams, messages })
  const counts = {
    templates: memory.templates.length,
    samplers: memory.samplers.length,
    names: memory.names.length,
    flowTotals: memory.flowTotals.length,
    heldSets: memory.heldSets.length,
  }
  const text = 'restored what exporters have said; it is used until they say otherwise'
  if (Object.values(counts).some((count) => count > 0)) logger.info(counts, text)
  return streams
}
