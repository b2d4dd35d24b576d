/** The process of `npm start`: wires settings, signals and the launcher. */

import '../shared/navigator.ts'
import { answerArguments } from '../shared/command-line.ts'
import { createLogger, type Logger } from '../shared/logger.ts'
import { runMain } from '../shared/shutdown.ts'
import { formatGreeting, type GreetingFacts, greetingLine } from './greeting.ts'
import { Launcher } from './launcher.ts'
import { LAUNCHER_SETTINGS, readLauncherSettings } from './settings.ts'

/** npm repeats a Ctrl-C that the terminal has already sent to the whole group. */
const SAME_KEY_MS = 500

answerArguments({
  command: 'npm start --',
  summary:
    'Runs the collector, the writer and the page, and a PostgreSQL of its own without DATABASE_URL.',
  settings: LAUNCHER_SETTINGS,
})

await runMain(createLogger('launcher', 'info'), async () => {
  const settings = readLauncherSettings(process.env)
  const logger = createLogger('launcher', settings.logLevel)
  process.stdout.on('error', () => {}) // Without a reader of its output, it goes on.
  let stoppedAt = 0
  const stop = (exitCode: number) => {
    if (stoppedAt > 0) {
      if (Date.now() - stoppedAt > SAME_KEY_MS) tell(logger, 'Already stopping.')
      return
    }
    stoppedAt = Date.now()
    tell(logger, 'Stopping: collector, writer, database …')
    launcher.stop().then(
      () => {
        tell(logger, 'Stopped.')
        process.exit(exitCode)
      },
      (error: unknown) => {
        logger.fatal({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  const greet = (facts: GreetingFacts) => showGreeting(logger, facts)
  const launcher = new Launcher({ settings, logger, greet, onRefusal: stop })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop(0))
  try {
    await launcher.start()
  } catch (error) {
    await launcher.stop()
    throw error
  }
})

/** Writes a text to the terminal, or to the log where there is none. */
function tell(logger: Logger, text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`${text}\n`)
  else logger.info(text)
}

function showGreeting(logger: Logger, facts: GreetingFacts): void {
  if (process.stdout.isTTY) {
    process.stdout.write(formatGreeting(facts))
    return
  }
  const line = greetingLine(facts)
  logger.info(line.facts, line.message)
}
