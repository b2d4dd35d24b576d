/** The collector's process: wires settings, log, metrics and the collector. */

import { createLogger, type Logger } from '../shared/logger.ts'
import { MetricsServer } from '../shared/metrics-server.ts'
import { notifyServiceManager } from '../shared/service-notify.ts'
import { printableSettings } from '../shared/settings.ts'
import { runMain, stopOnSignals } from '../shared/shutdown.ts'
import { Collector } from './collector.ts'
import { readCollectorSettings } from './config.ts'
import { createCollectorRegistry, judgeHealth } from './metrics.ts'

/** Above the collector's own drain deadline, within which it ends in good order. */
const STOP_DEADLINE_MS = 18_000

const startLogger = createLogger('collector', 'info')

await runMain(startLogger, async () => {
  const settings = readCollectorSettings(process.env)
  const logger = createLogger('collector', settings.LOG_LEVEL)
  logger.info(printableSettings(settings), 'settings')
  const onFatal = (error: Error) => {
    logger.fatal({ err: error, ...collector.status }, error.message)
    process.exit(1)
  }
  const collector = new Collector({ settings, logger, onFatal })
  await collector.start()
  const metrics = new MetricsServer({
    host: settings.METRICS_HOST,
    port: settings.METRICS_PORT,
    registry: createCollectorRegistry(() => collector.status),
    health: () => judgeHealth(collector.status, settings.NAMED_PIPE_FILENAME),
    logger,
  })
  const stop = async () => {
    await collector.stop()
    await metrics.stop()
  }
  stopOnSignals({ logger, stop, stopDeadlineMs: STOP_DEADLINE_MS })
  await metrics.start()
  notifyServiceManager('READY=1')
  reportReady(
    collector.status.sockets.map(({ port }) => port),
    logger,
  )
})

/** Reports the listening ports to the launcher, if one has forked this process. */
function reportReady(ports: readonly number[], logger: Logger): void {
  if (!process.connected) return
  process.send?.({ type: 'ready', ports }, undefined, undefined, (error) => {
    if (error)
      logger.warn(
        { err: error },
        'the launcher cannot be told that this is ready; it goes on waiting',
      )
  })
}
