/** The writer process: reads the settings, and runs the writer until a signal stops it. */

import '../shared/navigator.ts'
import { answerArguments } from '../shared/command-line.ts'
import { createLogger, START_LEVEL } from '../shared/logger.ts'
import { warnOfMisspeltSettings } from '../shared/misspelt-settings.ts'
import { printableSettings } from '../shared/settings.ts'
import { runMain, stopOnSignals } from '../shared/shutdown.ts'
import { readWriterSettings, WRITER_SETTINGS } from './config.ts'
import { Writer } from './writer.ts'

/** Longest stop; the journal keeps what is not committed by then. */
const STOP_DEADLINE_MS = 30_000

answerArguments({
  command: 'node dist/writer/main.js',
  summary: 'Decodes the datagrams of the named pipe, and stores their flows in PostgreSQL.',
  settings: WRITER_SETTINGS,
})

await runMain(createLogger('writer', 'info'), async () => {
  const settings = readWriterSettings(process.env)
  const logger = createLogger('writer', settings.LOG_LEVEL)
  logger[START_LEVEL]({ settings: printableSettings(settings) }, 'starting')
  warnOfMisspeltSettings(logger, Object.keys(WRITER_SETTINGS), process.env)
  const writer = new Writer({ settings, logger })
  stopOnSignals({ logger, stop: () => writer.stop(), stopDeadlineMs: STOP_DEADLINE_MS })
  await writer.start()
  process.send?.({ type: 'ready' })
})
