/**
 * Generates the parser of filters into `dist/`, after the compiler. Plain JavaScript, as it is a
 * part of the build.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import peggy from 'peggy'

const GRAMMAR = new URL('filter-parser.peggy', import.meta.url)
const PARSER = new URL('../../../dist/console/query/filter/filter-parser.js', import.meta.url)

const source = peggy.generate(readFileSync(GRAMMAR, 'utf8'), {
  format: 'es',
  output: 'source',
  grammarSource: fileURLToPath(GRAMMAR),
})
mkdirSync(new URL('.', PARSER), { recursive: true })
writeFileSync(PARSER, source)
