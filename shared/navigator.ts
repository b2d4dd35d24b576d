/**
 * Gives Node.js 20 the `navigator` that later versions have. pg looks there whether it runs at
 * Cloudflare, and else at `Response`, for which Node.js 20 loads its whole client of HTTP: a tenth of
 * the start of a process. Imported before all that imports pg.
 */

if (!('navigator' in globalThis)) {
  const [major] = process.versions.node.split('.')
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: `Node.js/${major}` },
    configurable: true,
  })
}
