/** The process of the page and the API: reads the settings, and serves until a signal stops it. */

import '../../shared/navigator.ts'
import { answerArguments } from '../../shared/command-line.ts'
import { createLogger, START_LEVEL } from '../../shared/logger.ts'
import { warnOfMisspeltSettings } from '../../shared/misspelt-settings.ts'
import { notifyServiceManager } from '../../shared/service-notify.ts'
import { printableSettings } from '../../shared/settings.ts'
import { runMain, stopOnSignals } from '../../shared/shutdown.ts'
import { readWebSettings, WEB_SETTINGS } from './config.ts'
import { WebServer } from './web-server.ts'

const STOP_DEADLINE_MS = 10_000

answerArguments({
  command: 'node dist/console/web/main.js',
  summary: 'Serves the page and the API: traffic, exporters and losses from PostgreSQL.',
  settings: WEB_SETTINGS,
})

await runMain(createLogger('web', 'info'), async () => {
  const settings = readWebSettings(process.env)
  const logger = createLogger('web', settings.LOG_LEVEL)
  logger[START_LEVEL]({ settings: printableSettings(settings) }, 'starting')
  warnOfMisspeltSettings(logger, Object.keys(WEB_SETTINGS), process.env)
  if (settings.WEB_PORT === 0) {
    logger.warn('WEB_PORT=0: there is no page and no API')
    return
  }
  const server = new WebServer({ settings, logger })
  stopOnSignals({ logger, stop: () => server.stop(), stopDeadlineMs: STOP_DEADLINE_MS })
  process.on('SIGHUP', () => server.reload())
  await server.start()
  notifyServiceManager('READY=1')
  process.send?.({ type: 'ready', url: server.url })
})
