/**
 * The files of the page, read and compressed once at the start. Browsers keep a path with the hash of
 * all files for ever. They ask for any other path again, with the hash of its file.
 */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** The page's compiled modules. */
const BUILT = fileURLToPath(new URL('page', import.meta.url))
const SOURCES = fileURLToPath(new URL('../../../console/web/page', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface PageFile {
  readonly type: string
  readonly etag: string
  readonly body: Buffer
  readonly gzip: Buffer
  readonly brotli: Buffer
}

export interface PageFiles {
  /** By their paths, such as `/page/main.js`; the page itself is `/`. */
  readonly byPath: ReadonlyMap<string, PageFile>
  /** The beginning of the paths that browsers keep for ever: `/v/HASH`. */
  readonly version: string
}

/** A file of the page is missing. `code` is `PAGE_INCOMPLETE`. */
class PageError extends Error {
  readonly code = 'PAGE_INCOMPLETE'
  override readonly name = 'PageError'

  constructor(path: string, cause?: unknown) {
    super(
      `no page and no API: ${path} is missing, so the installation is not complete; ` +
        'run npm run build in the project, or install the package again',
      { cause },
    )
  }
}

/** Files that must be there. When a module that they import is missing, the browser says so. */
const NEEDED = ['/page/index.html', '/page/style.css', '/page/main.js', '/lib/uplot.js']

/**
 * Reads all files of the page: compiled modules and sources.
 *
 * @throws PageError when one of `NEEDED` is missing
 */
export function readPageFiles(built = BUILT, sources = SOURCES): PageFiles {
  const texts = new Map<string, Buffer>()
  const add = (path: string, file: string) => {
    if (existsSync(file)) texts.set(path, readFileSync(file))
  }
  for (const name of list(built, '.js')) add(`/page/${name}`, join(built, name))
  for (const extension of ['.html', '.css', '.svg']) {
    for (const name of list(sources, extension)) add(`/page/${name}`, join(sources, name))
  }
  const charts = findCharts()
  add('/lib/uplot.js', join(charts, 'dist', 'uPlot.esm.js'))
  add('/lib/uplot.css', join(charts, 'dist', 'uPlot.min.css'))
  for (const path of NEEDED) if (!texts.has(path)) throw new PageError(path)
  return prepare(texts)
}

/** Returns the folder of the library of charts. */
function findCharts(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  } catch (error) {
    throw new PageError('the package uplot', error)
  }
}

function list(folder: string, extension: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) === extension,
  )
}

function prepare(texts: Map<string, Buffer>): PageFiles {
  const hash = createHash('sha256')
  for (const [path, text] of [...texts].sort())
    hash.update(`${path}\n${text.length}\n`).update(text)
  const version = `/v/${hash.digest('hex').slice(0, 16)}`
  const index = texts.get('/page/index.html')
  if (index) texts.set('/', Buffer.from(withVersion(index.toString('utf8'), version)))
  const entries = [...texts].map(([path, text]) => [path, prepareFile(path, text)] as const)
  return { byPath: new Map(entries), version }
}

/** Adds the version to the paths of the files that the page names. */
function withVersion(html: string, version: string): string {
  return html.replace(/\b(src|href)="(\/(?:page|lib)\/[^"]+)"/g, `$1="${version}$2"`)
}

function prepareFile(path: string, body: Buffer): PageFile {
  return {
    type: TYPES[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    body,
    gzip: gzipSync(body, { level: constants.Z_BEST_COMPRESSION }),
    brotli: brotliCompressSync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
    }),
  }
}
