/** The documents name only what exists: links, anchors, paths, commands. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, it } from 'node:test'
import {
  anchorsOf,
  documentPaths,
  REPOSITORY,
  readDocument,
  repositoryPaths,
  withoutCode,
} from './helpers/markdown.ts'

const PATHS = repositoryPaths()
const DOCUMENTS = documentPaths()
const TOP_FOLDERS = PATHS.filter((path) => {
  return !path.includes('/') && statSync(join(REPOSITORY, path)).isDirectory()
})

interface Link {
  readonly target: string
  /** The document that the link leads to, and the anchor in it. */
  readonly path: string
  readonly anchor: string | undefined
}

/** Returns the links of a document that lead into the repository. */
function linksOf(document: string): Link[] {
  const text = withoutCode(readDocument(document)).replace(/`[^`\n]*`/g, '')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? document : normalize(join(dirname(document), file))
      return { target, path, anchor }
    })
}

/** Returns the texts in backticks outside fenced blocks. */
function codeSpansOf(document: string): string[] {
  const spans = withoutCode(readDocument(document)).matchAll(/`([^`\n]+)`/g)
  return [...spans].map(([, span = '']) => span)
}

/** Whether a code span looks like a path of the repository. */
function looksLikePath(span: string): boolean {
  if (!/^[\w.-]+(\/[\w.-]+)*\/?$/.test(span)) return false
  const [first = ''] = span.split('/')
  if (span.includes('/'))
    return TOP_FOLDERS.includes(first) || first === 'dist' || span.endsWith('/')
  return /^\w.*\.(ts|mjs|sql|ya?ml|json|md)$/.test(span)
}

/**
 * Whether a path exists: in the repository, in the document's folder, as the source of a built file,
 * or as a test without `.test.ts`. A name without a folder may be anywhere.
 */
function pathExists(path: string, document: string): boolean {
  const source = path.replace(/^dist\/(.*)\.js$/, '$1.ts').replace(/\/$/, '')
  const candidates = [source, join(dirname(document), source), `test/${source}.test.ts`]
  if (candidates.some((candidate) => existsSync(join(REPOSITORY, candidate)))) return true
  return !source.includes('/') && PATHS.some((known) => known.endsWith(`/${source}`))
}

describe('the documents', () => {
  it('are found', () => {
    assert.ok(DOCUMENTS.includes('README.md'))
    assert.ok(DOCUMENTS.length >= 7, DOCUMENTS.join(', '))
  })

  for (const document of DOCUMENTS) {
    it(`have working links: ${document}`, () => {
      for (const { target, path, anchor } of linksOf(document)) {
        assert.ok(existsSync(join(REPOSITORY, path)), `${document}: ${target} leads nowhere`)
        if (anchor === undefined) continue
        const anchors = anchorsOf(readDocument(path))
        assert.ok(anchors.has(anchor), `${document}: ${target}: ${path} has no such heading`)
      }
    })

    it(`name paths that exist: ${document}`, () => {
      for (const span of codeSpansOf(document).filter(looksLikePath)) {
        assert.ok(pathExists(span, document), `${document}: ${span} does not exist`)
      }
    })

    it(`name commands that exist: ${document}`, () => {
      const text = readDocument(document)
      const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
      for (const [command, script = ''] of text.matchAll(/npm run ([\w:]+)/g)) {
        assert.ok(Object.hasOwn(scripts, script), `${document}: ${command}`)
      }
      for (const [command, built = ''] of text.matchAll(/node (dist\/[\w/.-]+)/g)) {
        assert.ok(pathExists(built, document), `${document}: ${command}`)
      }
    })
  }

  it('are reached from the README', () => {
    const reached = new Set(['README.md'])
    for (const document of reached) {
      for (const { path } of linksOf(document)) if (path.endsWith('.md')) reached.add(path)
    }
    assert.deepEqual([...reached].sort(), [...DOCUMENTS].sort())
  })
})
