/** Kept answers: shared, short-lived and within their bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnswerCache } from '../../../../console/web/reader/answer-cache.ts'

const { signal } = new AbortController()

describe('the cache of answers', () => {
  it('keeps an answer for its lifetime', async () => {
    let now = 0
    let asked = 0
    const cache = new AnswerCache(1_000_000, () => now)
    const get = () =>
      cache.get('key', {
        signal,
        lifetimeMs: 100,
        answer: async () => {
          asked += 1
          return Buffer.from(String(asked))
        },
      })
    assert.equal(String(await get()), '1')
    now = 99
    assert.equal(String(await get()), '1')
    now = 100
    assert.equal(String(await get()), '2')
    assert.deepEqual([cache.figures.hits, cache.figures.misses], [1, 2])
  })

  it('returns an old answer while it asks once for a new one, which it then keeps', async () => {
    let now = 0
    const asked: ReturnType<typeof withResolvers>[] = []
    const cache = new AnswerCache(1_000_000, () => now)
    const get = () =>
      cache.get('key', {
        signal,
        lifetimeMs: 100,
        staleMs: 1_000_000,
        answer: () => {
          const one = withResolvers()
          asked.push(one)
          return one.promise
        },
      })
    const first = get()
    asked[0]?.resolve(Buffer.from('old'))
    assert.equal(String(await first), 'old')
    now = 100
    assert.equal(String(await get()), 'old')
    assert.equal(String(await get()), 'old')
    assert.equal(asked.length, 2)
    asked[1]?.reject(new Error('busy'))
    await Promise.allSettled([asked[1]?.promise])
    assert.equal(String(await get()), 'old')
    assert.equal(asked.length, 2, 'it is not asked again at once')
    now = 1_100
    assert.equal(String(await get()), 'old')
    asked[2]?.resolve(Buffer.from('newer'))
    await asked[2]?.promise
    assert.equal(String(await get()), 'newer')
    assert.equal(asked.length, 3)
    const { bytes, entries } = cache.figures
    assert.deepEqual([bytes < 1_100, entries], [true, 1])
  })

  it('asks by `refresh` for an answer that replaces a kept one', async () => {
    let now = 0
    const cache = new AnswerCache(1_000_000, () => now)
    const refreshed = Promise.resolve(Buffer.from('refreshed'))
    const own = { signal, lifetimeMs: 100, staleMs: 100, refresh: () => refreshed }
    const get = () => cache.get('key', { ...own, answer: async () => Buffer.from('asked') })
    assert.equal(String(await get()), 'asked')
    now = 100
    assert.equal(String(await get()), 'asked')
    await refreshed
    assert.equal(String(await get()), 'refreshed')
  })

  it('forgets an old answer in the end', async () => {
    let now = 0
    const cache = new AnswerCache(1_000_000, () => now)
    const own = { signal, lifetimeMs: 100, staleMs: 100 }
    await cache.get('key', { ...own, answer: async () => Buffer.from('old') })
    now = 200
    const found = await cache.get('key', { ...own, answer: async () => Buffer.from('new') })
    assert.equal(String(found), 'new')
  })

  it('never holds more bytes than it may, and forgets the oldest first', async () => {
    const cache = new AnswerCache(100_000, () => 0)
    for (let number = 0; number < 100; number += 1) {
      const answer = async () => Buffer.alloc(20_000)
      await cache.get(`key ${number}`, { signal, lifetimeMs: 1_000, answer })
      assert.ok(cache.figures.bytes <= 100_000, String(cache.figures.bytes))
    }
    assert.equal(cache.figures.entries, 4)
    assert.ok(cache.peek('key 99'))
    assert.equal(cache.peek('key 95'), undefined)
  })

  it('keeps no answer that is larger than all its bytes', async () => {
    const cache = new AnswerCache(1_000, () => 0)
    await cache.get('key', { signal, lifetimeMs: 1_000, answer: async () => Buffer.alloc(5_000) })
    assert.deepEqual([cache.figures.bytes, cache.figures.entries], [0, 0])
  })

  it('keeps no failure', async () => {
    const cache = new AnswerCache(1_000_000, () => 0)
    const answer = () => Promise.reject(new Error('away'))
    await assert.rejects(cache.get('key', { signal, lifetimeMs: 1_000, answer }), /away/)
    const again = async () => Buffer.from('here')
    const found = await cache.get('key', { signal, lifetimeMs: 1_000, answer: again })
    assert.equal(String(found), 'here')
  })

  it('aborts a question when the last client leaves, and asks anew for the next', async () => {
    const cache = new AnswerCache(1_000_000, () => 0)
    const [first, second] = [new AbortController(), new AbortController()]
    let ended: AbortSignal | undefined
    const answer = (signal: AbortSignal) => {
      ended = signal
      return new Promise<Buffer>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('ended')))
      })
    }
    const own = { lifetimeMs: 1_000, answer }
    const asked = [first, second].map((client) =>
      cache.get('key', { ...own, signal: client.signal }),
    )
    const outcomes = Promise.allSettled(asked)
    first.abort()
    assert.equal(ended?.aborted, false)
    second.abort()
    assert.equal(ended?.aborted, true)
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    const later = await cache.get('key', {
      signal,
      lifetimeMs: 1,
      answer: async () => Buffer.from('x'),
    })
    assert.equal(String(later), 'x')
  })
})

function withResolvers() {
  let resolve: (answer: Buffer) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Buffer>((onAnswer, onError) => {
    resolve = onAnswer
    reject = onError
  })
  return { promise, resolve, reject }
}
