/** Restores streams, their memory and their held sets from the database, once at start. */

import type { Logger } from '../../shared/logger.ts'
import type { ResumePoint } from '../load/tables/resume-point.ts'
import { type HeldSetOwners, restoreHeldSets } from './held-set-rows.ts'
import { RestoredMemory } from './restored-memory.ts'
import { Streams } from './streams.ts'

interface RestoreOptions extends Omit<HeldSetOwners, 'streams'> {
  readonly logger: Logger
}

/** Creates the streams of a resume point, and lets the decoder hold its sets again. */
export function restoreStreams(
  { streams: rows, memory }: Pick<ResumePoint, 'streams' | 'memory'>,
  { decoder, heldDatagrams, logger }: RestoreOptions,
): Streams {
  const streams = new Streams(rows, new RestoredMemory(memory))
  restoreHeldSets(memory.heldSets, { decoder, streams, heldDatagrams })
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
