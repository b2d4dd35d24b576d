/** The process of `npm run demo`. */

import { demonstrate } from './demonstration.ts'

const SEND_MS = 5_000

process.exitCode = await demonstrate(process.env, SEND_MS)
