/**
 * The manifest of an export: its question, and the parts that are written. With it, a cut export goes on,
 * and a reader can check the files.
 */

import { join } from 'node:path'
import { readWhole, writeWhole } from '../files/whole-file.ts'

const NAME = 'manifest.json'

export interface ExportQuestion {
  readonly format: string
  /** The range as it was typed. When a cut export goes on, "1h ago" means the same range. */
  readonly asked: string
  readonly since: string
  readonly until: string
  /** As it was typed, with the conditions of options. */
  readonly filter: string
}

interface ExportedPart {
  readonly file: string
  readonly since: string
  readonly until: string
  readonly flows: number
  readonly bytes: number
}

/** The folder holds another export; the message says what to do. */
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
   * Opens the manifest of a folder, or begins one. A cut export keeps its range: "now" is the time of
   * its first run.
   *
   * @throws ManifestError when the folder holds another export
   */
  static async open(folder: string, question: ExportQuestion): Promise<Manifest> {
    const text = await readWhole(join(folder, NAME))
    if (text === undefined) return new Manifest(folder, question, [])
    const known = parseManifest(text)
    if (known && isSame(known.question, question))
      return new Manifest(folder, known.question, known.parts)
    throw new ManifestError(
      `${folder} holds another export: name another folder by --to, or give the options of that ` +
        `export: ${text.slice(0, 200)}`,
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

  /** Adds a part whose file is complete. */
  async add(part: ExportedPart): Promise<void> {
    this.#parts.push(part)
    await this.save()
  }

  /** Writes the manifest, whole or not at all. */
  async save(): Promise<void> {
    const content = { ...this.#question, parts: this.#parts }
    await writeWhole(join(this.#folder, NAME), `${JSON.stringify(content, null, 2)}\n`)
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
