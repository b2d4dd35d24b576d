/** The process of `npm run demo`. */

import '../../shared/navigator.ts'
import { answerArguments } from '../../shared/command-line.ts'
import { LAUNCHER_SETTINGS } from '../settings.ts'
import { demonstrate } from './demonstration.ts'

const SEND_MS = 5_000

answerArguments({
  command: 'npm run demo --',
  summary: 'Lets three exporters send for five seconds, and asks the database for their flows.',
  settings: LAUNCHER_SETTINGS,
})

process.exitCode = await demonstrate(process.env, SEND_MS)
