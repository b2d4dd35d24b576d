/** Writes one part of an export, whole or not at all: a complete file gets its name at the end. */

import { rename, rm, stat } from 'node:fs/promises'
import { CompressedFile } from '../files/compressed-file.ts'
import type { WriteParquet } from './parquet.ts'

const UNFINISHED = '.part'

interface PartOptions {
  readonly path: string
  readonly heading: string
  /** Lines without their newlines, some at a time. */
  readonly portions: AsyncIterable<readonly string[]>
  /** Turns the CSV into Parquet; undefined: the text is compressed. */
  readonly parquet?: {
    readonly write: WriteParquet
    readonly types: Readonly<Record<string, string>>
  }
}

interface WrittenPart {
  readonly flows: number
  readonly bytes: number
}

/** Writes a part. @throws the system's error, after nothing is left of the part */
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
  const file = await CompressedFile.create(path, options.parquet ? 'none' : 'gzip')
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
