/** The writer process: reads the settings, and runs the writer until a signal stops it. */

import { createLogger } from '../shared/logger.ts'
import { printableSettings } from '../shared/settings.ts'
import { runMain, stopOnSignals } from '../shared/shutdown.ts'
import { readWriterSettings } from './config.ts'
import { Writer } from './writer.ts'

/** Longest stop; the journal keeps what is not committed by then. */
const STOP_DEADLINE_MS = 30_000

const logger = createLogger('writer', process.env['LOG_LEVEL'] || 'info')

await runMain(logger, async () => {
  const settings = readWriterSettings(process.env)
  logger.info({ settings: printableSettings(settings) }, 'starting')
  const writer = new Writer({ settings, logger })
  stopOnSignals({ logger, stop: () => writer.stop(), stopDeadlineMs: STOP_DEADLINE_MS })
  await writer.start()
  process.send?.({ type: 'ready' })
})
