/**
 * Defines the `navigator` that Node.js has from version 21. pg looks there whether it runs at
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
