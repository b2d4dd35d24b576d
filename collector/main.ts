/** The collector's process: wires settings, log, metrics and the collector. */

import { answerArguments } from '../shared/command-line.ts'
import { createLogger, type Logger, START_LEVEL } from '../shared/logger.ts'
import { MetricsServer } from '../shared/metrics-server.ts'
import { warnOfMisspeltSettings } from '../shared/misspelt-settings.ts'
import { notifyServiceManager } from '../shared/service-notify.ts'
import { printableSettings } from '../shared/settings.ts'
import { logFatal, runMain, stopOnSignals } from '../shared/shutdown.ts'
import { Collector } from './collector.ts'
import { COLLECTOR_SETTINGS, readCollectorSettings } from './config.ts'
import { judgeHealth } from './health.ts'

/** Above the collector's own drain deadline, within which it ends in good order. */
const STOP_DEADLINE_MS = 18_000

answerArguments({
  command: 'node dist/collector/main.js',
  summary: 'Receives NetFlow and IPFIX over UDP, and writes each datagram to the named pipe.',
  settings: COLLECTOR_SETTINGS,
})

await runMain(createLogger('collector', 'info'), async () => {
  const settings = readCollectorSettings(process.env)
  const logger = createLogger('collector', settings.LOG_LEVEL)
  logger[START_LEVEL]({ settings: printableSettings(settings) }, 'starting')
  warnOfMisspeltSettings(logger, Object.keys(COLLECTOR_SETTINGS), process.env)
  const onFatal = (error: Error) => {
    logFatal(logger.child(collector.status), error)
    process.exit(1)
  }
  const collector = new Collector({ settings, logger, onFatal })
  await collector.start()
  const metrics = new MetricsServer({
    host: settings.METRICS_HOST,
    port: settings.METRICS_PORT,
    // Loads prom-client, a fifth of the start, only when a port is set.
    registry: async () =>
      (await import('./metrics.ts')).createCollectorRegistry(() => collector.status),
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
        'cannot report to the launcher that the collector is ready; the launcher goes on waiting',
      )
  })
}
