/** Serves the files of the page: compressed, and with 304 when the browser has the file. */

import type { Context, Hono } from 'hono'
import type { PageFile, PageFiles } from './page-files.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'
/** The browser keeps the file, and asks each time whether it has changed. */
const BY_HASH = 'no-cache'

/** Adds a route for each file. */
export function serveFiles(app: Hono, { byPath, version }: PageFiles): void {
  for (const [path, file] of byPath) {
    app.get(path, (context) => serveFile(context, file, BY_HASH))
    if (path !== '/') app.get(version + path, (context) => serveFile(context, file, FOR_EVER))
  }
}

function serveFile(context: Context, file: PageFile, cacheControl: string): Response {
  context.header('cache-control', cacheControl)
  context.header('etag', file.etag)
  context.header('vary', 'accept-encoding')
  const known = context.req.header('if-none-match') ?? ''
  if (known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === file.etag)) {
    return context.body(null, 304)
  }
  context.header('content-type', file.type)
  const accepted = context.req.header('accept-encoding') ?? ''
  if (/\bbr\b/.test(accepted)) return send(context, 'br', file.brotli)
  if (/\bgzip\b/.test(accepted)) return send(context, 'gzip', file.gzip)
  return send(context, undefined, file.body)
}

function send(context: Context, encoding: string | undefined, body: Buffer): Response {
  if (encoding) context.header('content-encoding', encoding)
  return context.body(body as Uint8Array<ArrayBuffer>)
}
