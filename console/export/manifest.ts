/**
 * The manifest of an export: what was asked, and which parts are written. It is what makes an export
 * go on after it was cut, and what a reader checks the files against.
 */

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = 'manifest.json'

export interface ExportQuestion {
  readonly format: string
  /** The range as it was typed: "1h ago" means the same range when a cut export goes on. */
  readonly asked: string
  readonly since: string
  readonly until: string
  /** As it was typed, with the conditions of the flags. */
  readonly filter: string
}

export interface ExportedPart {
  readonly file: string
  readonly since: string
  readonly until: string
  readonly flows: number
  readonly bytes: number
}

/** The folder holds something else; the message says what to do. */
export class ManifestError extends Error {
  readonly code = 'BAD_MANIFEST'
}

export class Manifest {
  readonly #folder: string
  readonly #question: ExportQuestion
  readonly #parts: ExportedPart[]

  private constructor(folder: string, question: ExportQuestion, parts: ExportedPart[]) {
    this.#folder = folder
    this.#question = question
    this.#parts = parts
  }

  /**
   * Opens the manifest of a folder, or begins one. An export that was cut keeps its end: "now" is
   * what it was then.
   *
   * @throws ManifestError when the folder holds another export
   */
  static async open(folder: string, question: ExportQuestion): Promise<Manifest> {
    const text = await readFile(join(folder, NAME), 'utf8').catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      },
    )
    if (text === undefined) return new Manifest(folder, question, [])
    const known = parseManifest(text)
    if (known && isSame(known.question, question))
      return new Manifest(folder, known.question, known.parts)
    throw new ManifestError(
      `${folder} holds another export: name another folder by --to, or ask as before: ${text.slice(0, 200)}`,
    )
  }

  get question(): ExportQuestion {
    return this.#question
  }

  get parts(): readonly ExportedPart[] {
    return this.#parts
  }

  find(file: string): ExportedPart | undefined {
    return this.#parts.find((part) => part.file === file)
  }

  /** Adds a part that is written whole. */
  async add(part: ExportedPart): Promise<void> {
    this.#parts.push(part)
    await this.save()
  }

  /** Writes the manifest whole or not at all. */
  async save(): Promise<void> {
    const path = join(this.#folder, NAME)
    const content = { ...this.#question, parts: this.#parts }
    await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`)
    await rename(`${path}.new`, path)
  }
}

function isSame(a: ExportQuestion, b: ExportQuestion): boolean {
  return a.format === b.format && a.filter === b.filter && a.asked === b.asked
}

function parseManifest(
  text: string,
): { question: ExportQuestion; parts: ExportedPart[] } | undefined {
  try {
    const { parts, ...question } = JSON.parse(text) as ExportQuestion & { parts: ExportedPart[] }
    return Array.isArray(parts) ? { question, parts } : undefined
  } catch {
    return undefined
  }
}
