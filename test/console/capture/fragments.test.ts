import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fragment, Fragments } from '../../../console/capture/fragments.ts'

const SECOND = 1_000_000

function fragment(offset: number, text: string, more: Partial<Fragment> = {}): Fragment {
  return { key: 'a', offset, bytes: Buffer.from(text), isLast: false, micros: 0, ...more }
}

describe('fragments of a packet', () => {
  it('may overlap; bytes that come twice count once, by the fragment that begins first', () => {
    const fragments = new Fragments()
    assert.equal(fragments.add(fragment(0, 'abcdefgh')), undefined)
    assert.equal(fragments.add(fragment(4, 'EFGHijkl')), undefined)
    assert.equal(fragments.add(fragment(8, 'IJKLm', { isLast: true }))?.toString(), 'abcdefghijklm')
    assert.equal(fragments.incomplete, 0)
  })

  it('are given up a minute after the first one', () => {
    const fragments = new Fragments()
    fragments.add(fragment(0, 'abcdefgh'))
    const end = { isLast: true, micros: 60 * SECOND }
    assert.equal(fragments.add(fragment(8, 'i', end))?.toString(), 'abcdefghi')
    fragments.add(fragment(0, 'abcdefgh'))
    const late = { isLast: true, micros: 61 * SECOND }
    assert.equal(fragments.add(fragment(8, 'i', late)), undefined)
    assert.equal(fragments.incomplete, 2)
  })

  it('are given up as the oldest of more than 4,096 packets', () => {
    const fragments = new Fragments()
    for (let packet = 0; packet <= 4_096; packet += 1) {
      fragments.add(fragment(0, 'abcdefgh', { key: String(packet) }))
    }
    assert.equal(fragments.incomplete, 4_097)
    const end = (key: string) => fragments.add(fragment(8, 'i', { key, isLast: true }))
    assert.equal(end('4096')?.toString(), 'abcdefghi')
    assert.equal(end('0'), undefined)
  })

  it('are ignored beyond the longest packet', () => {
    const fragments = new Fragments()
    assert.equal(fragments.add(fragment(65_528, 'abcdefgh', { isLast: true })), undefined)
    assert.equal(fragments.incomplete, 0)
  })
})
