/** A logger that keeps its lines. */

import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Logger } from '../../shared/logger.ts'
import type { LogLine } from './collector-process.ts'

export class RecordingLogger {
  readonly lines: LogLine[] = []
  readonly logger: Logger

  constructor() {
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.lines.push(JSON.parse(chunk.toString()) as LogLine)
        done()
      },
    })
    this.logger = pino({ level: 'debug' }, sink)
  }

  find(message: RegExp): LogLine | undefined {
    return this.lines.find(({ msg }) => message.test(msg))
  }
}
