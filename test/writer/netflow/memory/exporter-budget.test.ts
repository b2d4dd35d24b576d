/** The budget of the costly kinds, at once and by second, judged by bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decoder } from '../../../../writer/netflow/decode.ts'
import { ExporterBudget } from '../../../../writer/netflow/memory/exporter-budget.ts'
import { StreamMemory } from '../../../../writer/netflow/memory/stream-memory.ts'
import {
  ipfixMessageOf,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  v9Message,
  type WireField,
} from '../../../helpers/netflow-bytes.ts'

/** A decoder with a stream whose exporter has a budget. */
class BudgetedDecoder {
  readonly decoder = new Decoder()
  readonly budget = new ExporterBudget()
  readonly stream: StreamMemory
  nowMs = 1_700_000_000_000

  constructor(exportVersion = 9) {
    const key = { exporter: '192.0.2.1', exporterBytes: Uint8Array.of(192, 0, 2, 1) }
    const stream = { ...key, exportVersion, observationDomain: 7 }
    this.stream = new StreamMemory(stream, undefined, this.budget)
  }

  /** Decodes a message; returns its flows, and its counts as far as these tests need them. */
  receive(message: Buffer) {
    const { decoder, stream } = this
    message.copy(decoder.datagram.bytes)
    assert.equal(decoder.readHeader(message.length), undefined)
    this.budget.arrive(this.nowMs)
    let flows = 0
    decoder.decode(stream, this.nowMs * 1000, () => {
      flows += 1
    })
    const { dataRecords, refusedSets, heldSets, uncountedSets, problems } = decoder.result
    const codes = [...new Set(problems.map(({ code }) => code))]
    return { flows, dataRecords, refusedSets, heldSets, uncountedSets, codes }
  }
}

const ORDINARY: readonly WireField[] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [1, 4],
]
const ORDINARY_FLOW = '01'.repeat(17)

describe('the budget of an exporter', () => {
  it('comes back by second, up to what it may send at once', () => {
    const budget = new ExporterBudget()
    budget.arrive(5_000)
    assert.equal(budget.spend('heldSets', 3_999), true)
    assert.equal(budget.spend('heldSets', 3), true)
    assert.equal(budget.spend('heldSets'), false)
    assert.equal(budget.spend('templates'), true)
    budget.arrive(5_005)
    assert.equal(budget.spend('heldSets'), false)
    budget.arrive(5_006)
    assert.equal(budget.spend('heldSets'), true)
    // A clock that goes back gives nothing and takes nothing.
    budget.arrive(0)
    assert.equal(budget.spend('heldSets'), false)
    budget.arrive(1_000_000)
    let spent = 0
    while (budget.spend('heldSets')) spent += 1
    assert.equal(spent, 4_000)
  })

  it('is spent by tiny records, not by those of flows', () => {
    const receiver = new BudgetedDecoder()
    receiver.receive(v9Message(set(0, template(256, [[4, 1]]), template(257, ORDINARY))))
    let stored = 0
    let refused = 0
    for (let count = 0; count < 20; count += 1) {
      const tiny = receiver.receive(v9Message(set(256, Buffer.alloc(8_192, 6))))
      stored += tiny.flows
      refused += tiny.refusedSets
      assert.equal(tiny.dataRecords, 8_192)
      const flows = receiver.receive(v9Message(set(257, ORDINARY_FLOW.repeat(80))))
      assert.deepEqual([flows.flows, flows.refusedSets], [80, 0])
    }
    assert.deepEqual([stored, refused], [8 * 8_192, 12])
    const { codes } = receiver.receive(v9Message(set(256, '06')))
    assert.deepEqual(codes, ['over-budget'])
    receiver.nowMs += 1_000
    assert.equal(receiver.receive(v9Message(set(256, '06'))).flows, 1)
  })

  it('is spent by records without an address and a counter, and by options', () => {
    const receiver = new BudgetedDecoder()
    const names = Array.from({ length: 10 }, (_, index) => [400 + index, 4] as const)
    const options = optionsTemplate(258, [[1, 4]], [[34, 4]])
    receiver.receive(v9Message(set(0, template(256, names)), set(1, options)))
    assert.equal(receiver.receive(v9Message(set(258, '01'.repeat(8)))).refusedSets, 0)
    while (receiver.budget.spend('records'));
    assert.equal(receiver.receive(v9Message(set(256, '01'.repeat(40)))).refusedSets, 1)
    assert.equal(receiver.receive(v9Message(set(258, '01'.repeat(8)))).refusedSets, 1)
  })

  it('is spent by new templates, not by repeated ones; the old one is not used for new data', () => {
    const receiver = new BudgetedDecoder(10)
    const known = set(2, ipfixTemplate(256, ORDINARY))
    const data = set(256, ORDINARY_FLOW)
    receiver.receive(ipfixMessageOf({}, known))
    while (receiver.budget.spend('templates'));
    const repeated = receiver.receive(ipfixMessageOf({}, known, data))
    assert.deepEqual([repeated.flows, repeated.refusedSets], [1, 0])
    const other = set(2, ipfixTemplate(256, [...ORDINARY, [2, 4]]))
    const changed = receiver.receive(ipfixMessageOf({}, other, data))
    assert.deepEqual([changed.flows, changed.refusedSets, changed.heldSets], [0, 1, 1])
    receiver.nowMs += 1_000
    assert.equal(receiver.receive(ipfixMessageOf({}, known)).flows, 1)
  })

  it('is spent by sets that wait for a template, whose records are then unknown', () => {
    const receiver = new BudgetedDecoder()
    const waiting = Array.from({ length: 300 }, (_, index) => set(1_000 + index, '01'))
    let held = 0
    for (let count = 0; count < 40; count += 1) {
      const found = receiver.receive(v9Message(...waiting))
      held += found.heldSets
      assert.equal(found.uncountedSets, found.refusedSets)
      assert.equal(found.heldSets + found.refusedSets, 300)
    }
    assert.equal(held, 4_000)
  })
})
