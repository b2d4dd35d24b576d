/** This program as a peer: collector and writer as they are. */

import { startPipeline } from '../../helpers/pipeline.ts'
import type { CollectorPeer } from './collector-peer.ts'

export const OWN_PEER: CollectorPeer = {
  name: 'collector and writer',
  missing: undefined,
  start: async (database) => {
    await database.empty()
    const environment = { LOG_LEVEL: 'warn' }
    const pipeline = await startPipeline({ databaseUrl: database.url, environment })
    return {
      port: pipeline.port,
      pids: [pipeline.collector.pid as number, pipeline.writer.pid as number],
      countStored: () => database.countFlows(),
      stop: async () => {
        await pipeline.stop()
        return database.countFlows()
      },
    }
  },
}
