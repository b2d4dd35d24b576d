/**
 * Lets stack traces name the lines of the sources. `--enable-source-maps` does so, too, but parses the
 * map of each module as it is loaded, a good part of the start of a test process; here a map is read
 * when a trace needs it. To be given by `--import`.
 */

import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

/** A place in a built module, as V8 writes it: URL, line and column from 1. */
const PLACE = /(file:\/\/\S+\.js):(\d+):(\d+)/

const maps = new Map<string, SourceMap | undefined>()

Error.prepareStackTrace = (error, frames) =>
  [titleOf(error), ...frames.map((frame) => `    at ${toSource(String(frame))}`)].join('\n')

/** While an AssertionError is made, its name has its code, and its `toString` adds the code again. */
function titleOf(error: Error & { readonly code?: unknown }): string {
  return String(error).replace(`[${error.code}] [${error.code}]`, `[${error.code}]`)
}

/** Replaces the place in a line of a trace, where the module has a source map. */
function toSource(line: string): string {
  return line.replace(PLACE, (place, url: string, row: string, column: string) => {
    const entry = mapOf(url)?.findEntry(Number(row) - 1, Number(column) - 1)
    if (entry === undefined || !('originalSource' in entry)) return place
    const source = new URL(entry.originalSource, url)
    return `${source.href}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
}

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) maps.set(url, readMap(url))
  return maps.get(url)
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')))
  } catch {
    return undefined // A module of somebody else has none.
  }
}
