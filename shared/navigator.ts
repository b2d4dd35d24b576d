/**
 * Defines the `navigator` that Node.js has from version 21. pg finds out by it whether it runs at
 * Cloudflare. Without it, pg asks `Response`, for which Node.js 20 loads its whole HTTP client: a
 * tenth of the start of a process. Import this before anything that imports pg.
 */

if (!('navigator' in globalThis)) {
  const [major] = process.versions.node.split('.')
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: `Node.js/${major}` },
    configurable: true,
  })
}
