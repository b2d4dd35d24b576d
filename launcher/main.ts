/** The process of `npm start`: wires settings, signals and the launcher. */

import { createLogger } from '../shared/logger.ts'
import { runMain } from '../shared/shutdown.ts'
import { Launcher } from './launcher.ts'
import { readLauncherSettings } from './settings.ts'

/** npm repeats a Ctrl-C that the terminal has already sent to the whole group. */
const SAME_KEY_MS = 500

await runMain(createLogger('launcher', 'info'), async () => {
  const settings = readLauncherSettings(process.env)
  const logger = createLogger('launcher', settings.logLevel)
  const print = (text: string) => process.stdout.write(text)
  process.stdout.on('error', () => {}) // Without a reader of its output, it goes on.
  let stoppedAt = 0
  const stop = (exitCode: number) => {
    if (stoppedAt > 0) {
      if (Date.now() - stoppedAt > SAME_KEY_MS) print('Already stopping.\n')
      return
    }
    stoppedAt = Date.now()
    print('\nStopping: collector, writer, database …\n')
    launcher.stop().then(
      () => {
        print('Stopped.\n')
        process.exit(exitCode)
      },
      (error: unknown) => {
        logger.fatal({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  const launcher = new Launcher({ settings, logger, print, onBadSettings: () => stop(2) })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop(0))
  try {
    await launcher.start()
  } catch (error) {
    await launcher.stop()
    throw error
  }
})
