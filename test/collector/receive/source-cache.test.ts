/** The cache of encoded sources. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SourceCache } from '../../../collector/receive/source-cache.ts'

it('a source is found under its key', () => {
  const cache = new SourceCache()
  assert.equal(cache.find('a'), undefined)
  const added = cache.add('a', '::ffff:192.0.2.7', 2055)
  assert.equal(added.toString('latin1'), '["192.0.2.7", 2055]]\n')
  assert.equal(cache.find('a'), added)
})

it('forged sources do not let it grow without bound', () => {
  const cache = new SourceCache()
  const keys = Array.from({ length: 20_000 }, (_, port) => `192.0.2.7 ${port}`)
  keys.forEach((key, port) => {
    cache.add(key, '192.0.2.7', port)
  })
  const kept = keys.filter((key) => cache.find(key) !== undefined)
  assert.ok(kept.length > 0 && kept.length <= 4096)
  assert.equal(cache.add('again', '192.0.2.8', 1).toString('latin1'), '["192.0.2.8", 1]]\n')
})
