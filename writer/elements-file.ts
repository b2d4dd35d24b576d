/** Reads the file that ELEMENTS_FILE names. */

import { readFileSync } from 'node:fs'
import { SettingsError } from '../shared/settings.ts'
import type { ElementDefinition } from './netflow/elements/element-registry.ts'
import { parseElements } from './netflow/elements/elements-file.ts'

/** A longer list would hide the other settings. */
const MAX_PROBLEMS = 20

/** Returns the problems of an elements file; each names its line and the remedy. */
export function findElementsProblems(path: string): readonly string[] {
  return read(path).problems
}

/**
 * Reads the elements of a file; an empty path has none.
 *
 * @throws SettingsError when the file has changed since it was checked
 */
export function readElementsFile(path: string): readonly ElementDefinition[] {
  if (path === '') return []
  const { elements, problems } = read(path)
  if (problems.length === 0) return elements
  throw new SettingsError(problems.map((problem) => `ELEMENTS_FILE=${path}: ${problem}`))
}

function read(path: string): ReturnType<typeof parseElements> {
  try {
    const { elements, problems } = parseElements(readFileSync(path, 'utf8'))
    const further = problems.length - MAX_PROBLEMS
    if (further <= 0) return { elements, problems }
    return { elements, problems: [...problems.slice(0, MAX_PROBLEMS), `${further} more problems`] }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = `the file cannot be read (${code}); give the path of a CSV file that the writer may read`
    return { elements: [], problems: [problem] }
  }
}
