/** Tests that several series of numbers from one port are followed each on its own. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

const NEAR = [1_000, 1_050, 1_100]
const FAR = [1_000, 26_000_000, 52_000_000]

function cardsOf(version: number, starts: readonly number[]): NumberedExporter[] {
  return starts.map((sequence) => new NumberedExporter({ version, sequence }))
}

/** Sends from the cards in an order; they share one clock. */
function send(
  stream: StreamSequence,
  cards: readonly NumberedExporter[],
  order: readonly number[],
) {
  let nowMs = Math.max(...cards.map((card) => card.nowMs))
  for (const index of order) {
    const card = cards[index]
    if (card === undefined) continue
    card.nowMs = nowMs
    const datagram = card.send()
    nowMs = card.nowMs
    stream.observe(datagram, 4_000)
    stream.expire(nowMs)
  }
  return stream.expire(nowMs + 60_000)
}

const inTurn = (rounds: number) => Array.from({ length: rounds * 3 }, (_, index) => index % 3)
/** A fixed order without a pattern. */
const mixed = (length: number) =>
  Array.from({ length }, (_, index) => Math.floor(((index * 7_919) % 101) / 34))

describe('three line cards behind one port', () => {
  for (const version of [5, 9, 10]) {
    for (const [title, order] of [
      ['in turn', inTurn(100)],
      ['mixed', mixed(300)],
    ] as const) {
      it(`have no false loss, and a real one counted: v${version}, ${title}`, () => {
        const cards = cardsOf(version, FAR)
        const stream = new StreamSequence(version)
        send(stream, cards, order)
        assert.equal(stream.lost, 0)
        assert.equal(stream.strays, 0, 'the first datagrams of a series are no strays')
        assert.equal(stream.next, null)
        cards[2]?.lose(2)
        send(stream, cards, inTurn(20))
        assert.equal(stream.lost, version === 9 ? 2 : 20)
      })
    }
  }

  it('are found although their numbers are near', () => {
    const cards = cardsOf(9, NEAR)
    const stream = new StreamSequence(9)
    send(stream, cards, inTurn(100))
    assert.equal(stream.lost, 0)
    cards[1]?.lose(3)
    send(stream, cards, inTurn(20))
    assert.equal(stream.lost, 3)
  })

  it('are reported, and followed after a restart of the writer', () => {
    const cards = cardsOf(10, FAR)
    const stream = new StreamSequence(10)
    send(stream, cards, inTurn(50))
    assert.deepEqual(stream.takeNotice(), { kind: 'several-series', series: 3 })
    assert.equal(stream.takeNotice(), undefined)
    const restored = new StreamSequence(10)
    restored.restore(JSON.parse(JSON.stringify(stream.toState())))
    cards[0]?.lose(1)
    send(restored, cards, inTurn(20))
    assert.equal(restored.lost, 10)
    assert.equal(restored.takeNotice(), undefined)
  })

  it('are followed up to 16 series', () => {
    const starts = Array.from({ length: 40 }, (_, index) => index * 50_000_000)
    const cards = cardsOf(9, starts)
    const stream = new StreamSequence(9)
    const order = Array.from({ length: 4_000 }, (_, index) => index % 40)
    send(stream, cards, order)
    assert.ok((stream.toState().series?.length ?? 0) < 16)
    assert.equal(stream.lost ?? 0, 0)
  })
})
