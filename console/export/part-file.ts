/** Writes one part of an export, whole or not at all: it gets its name when it is complete. */

import { rename, rm, stat } from 'node:fs/promises'
import { RecordingFile } from '../record/recording-file.ts'
import type { WriteParquet } from './parquet.ts'

const UNFINISHED = '.part'

export interface PartOptions {
  readonly path: string
  readonly heading: string
  /** Some lines at a time, without their newlines. */
  readonly portions: AsyncIterable<readonly string[]>
  /** Turns the CSV into Parquet; undefined: the text is compressed. */
  readonly parquet?: {
    readonly write: WriteParquet
    readonly types: Readonly<Record<string, string>>
  }
}

export interface WrittenPart {
  readonly flows: number
  readonly bytes: number
}

/** @throws the system's error; then nothing is left of it */
export async function writePart(options: PartOptions): Promise<WrittenPart> {
  const { path, parquet } = options
  const unfinished = path + UNFINISHED
  const text = parquet ? `${path}.csv${UNFINISHED}` : unfinished
  await rm(text, { force: true })
  try {
    const flows = await writeText(text, options)
    if (parquet) await parquet.write(text, unfinished, parquet.types)
    await rename(unfinished, path)
    return { flows, bytes: (await stat(path)).size }
  } finally {
    await rm(text, { force: true })
    await rm(unfinished, { force: true })
  }
}

async function writeText(path: string, options: PartOptions): Promise<number> {
  const file = await RecordingFile.create(path, options.parquet ? 'none' : 'gzip')
  let flows = 0
  try {
    if (options.heading !== '') await file.write(Buffer.from(`${options.heading}\n`))
    for await (const lines of options.portions) {
      flows += lines.length
      await file.write(Buffer.from(lines.map((line) => `${line}\n`).join('')))
    }
  } finally {
    await file.close()
  }
  return flows
}
