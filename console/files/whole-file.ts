/** Reads and writes small files whole, such as manifests. */

import { readFile, rename, writeFile } from 'node:fs/promises'

/** Reads a text; undefined when there is no file. */
export async function readWhole(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Replaces a file whole or not at all, also when the process is killed. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { flush: true })
  await rename(`${path}.new`, path)
}
