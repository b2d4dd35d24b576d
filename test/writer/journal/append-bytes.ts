/** Fills a journal without a pipe. */

import { writeSync } from 'node:fs'
import type { Journal } from '../../../writer/journal/journal.ts'

/** Appends all of `bytes`, in pieces as they fit. */
export function appendBytes(journal: Journal, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at)
    const source = {
      moveTo: (fd: number, room: number) => writeSync(fd, rest, 0, Math.min(room, rest.length)),
    }
    at += journal.append(source, rest.length)
  }
}
