/** Running totals of flows become differences: nothing is counted twice, nothing is guessed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_FLOW_TOTALS,
  MAX_FLOW_TOTALS_PER_STREAM,
  MIN_FLOW_TOTALS,
} from '../../../../writer/netflow/limits.ts'
import { type DecodedFlow, DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type FieldBytes,
  type IpfixValue,
  ipfixMessageOf,
  oneIpfixRecord,
  oneRecordMessage,
  set,
  template,
  v9MessageOf,
} from '../../../helpers/netflow-bytes.ts'

const REVERSE = 29_305
const uint = (value: number, bytes = 4) => value.toString(16).padStart(bytes * 2, '0')
const bytesTotal = (value: number): FieldBytes => [85, uint(value, 8)]
const packetsTotal = (value: number): FieldBytes => [86, uint(value, 8)]
const startAt = (seconds: number): FieldBytes => [150, uint(EXPORT_SECONDS + seconds)]
const ENDS: readonly FieldBytes[] = [
  [8, 'c0000201'],
  [12, 'c6336402'],
  [7, 'c350'],
  [11, '01bb'],
  [4, '06'],
]

/** One stream of an exporter. */
class TotalsHarness {
  readonly #harness = new DecoderHarness()

  get totals() {
    return this.#harness.stream().totals
  }

  receive(...fields: readonly FieldBytes[]): DecodedFlow {
    const [flow] = this.#harness.receive(oneRecordMessage(fields)).flows
    assert.ok(flow)
    return flow
  }

  /** The counts of records with the same fields, one after the other. */
  bytesOf(...records: readonly (readonly FieldBytes[])[]): readonly unknown[] {
    return records.map((fields) => this.receive(...fields).bytes)
  }

  receiveAt(exportSeconds: number, ...values: readonly IpfixValue[]): readonly DecodedFlow[] {
    return this.#harness.receive(ipfixMessageOf({ exportSeconds }, oneIpfixRecord(values))).flows
  }
}

describe('running totals', () => {
  it('count whole if the flow is new, then by their difference, and stay in extra', () => {
    const harness = new TotalsHarness()
    const flows = [100, 250, 250, 1000].map((total) => {
      const flow = harness.receive(...ENDS, bytesTotal(total), packetsTotal(total / 50))
      return [flow.bytes, flow.packets, flow.extra]
    })
    assert.deepEqual(flows, [
      [100, 2, '{"octetTotalCount":100,"packetTotalCount":2}'],
      [150, 3, '{"octetTotalCount":250,"packetTotalCount":5}'],
      [0, 0, '{"octetTotalCount":250,"packetTotalCount":5}'],
      [750, 15, '{"octetTotalCount":1000,"packetTotalCount":20}'],
    ])
  })

  it('are exact above 2⁵³', () => {
    const harness = new TotalsHarness()
    harness.receive(...ENDS, [85, '0020000000000001'])
    const flow = harness.receive(...ENDS, [85, '7fffffffffffffff'])
    assert.equal(flow.bytes, 0x7fffffffffffffffn - 0x20000000000001n)
    const small = harness.receive(...ENDS, [86, '01'], [85, '7fffffffffffffff'])
    assert.deepEqual([small.bytes, small.packets], [0, 1])
    const huge = harness.receive(...ENDS, [85, '8000000000000000'])
    assert.deepEqual(
      [huge.bytes, huge.extra],
      [undefined, '{"octetTotalCount":9223372036854775808}'],
    )
  })

  it('are not used if the record has counters', () => {
    for (const [id, field] of [
      [1, 'bytes'],
      [23, 'bytes'],
      [231, 'bytes'],
    ] as const) {
      const harness = new TotalsHarness()
      for (const total of [100, 300]) {
        const flow = harness.receive(...ENDS, [id, '0a'], bytesTotal(total))
        assert.deepEqual([flow[field], flow.extra], [10, `{"octetTotalCount":${total}}`])
      }
      assert.equal(harness.totals.size, 0)
    }
    const harness = new TotalsHarness()
    harness.receive(...ENDS, [1, '0a'], packetsTotal(3))
    const { bytes, packets } = harness.receive(...ENDS, [1, '0b'], packetsTotal(5))
    assert.deepEqual([bytes, packets], [11, 2])
  })

  it('restart when they become smaller', () => {
    const harness = new TotalsHarness()
    const totals = [500, 700, 30, 50].map((total) => [...ENDS, bytesTotal(total)])
    assert.deepEqual(harness.bytesOf(...totals), [500, 200, 30, 20])
    const both = new TotalsHarness()
    both.receive(...ENDS, bytesTotal(500), packetsTotal(9))
    const { bytes, packets } = both.receive(...ENDS, bytesTotal(600), packetsTotal(2))
    assert.deepEqual([bytes, packets], [600, 2])
  })

  it('restart after the end of a flow, but not after an active timeout', () => {
    for (const [reason, next] of [
      ['01', 700],
      ['02', 200],
      ['03', 700],
      ['04', 700],
      ['05', 700],
      ['00', 200],
    ] as const) {
      const harness = new TotalsHarness()
      harness.receive(...ENDS, bytesTotal(500), [136, reason])
      assert.equal(harness.receive(...ENDS, bytesTotal(700), [136, '02']).bytes, next, reason)
    }
    const firewall = new TotalsHarness()
    const events = ['01', '02', '01'].map((event, index) => {
      return firewall.receive(...ENDS, bytesTotal(index * 100), [233, event]).bytes
    })
    assert.deepEqual(events, [0, 100, 200])
    assert.equal(new TotalsHarness().totals.size, 0)
  })

  it('belong to a flow id, whatever the other fields are', () => {
    const harness = new TotalsHarness()
    const flow = (id: string, total: number, port: string) =>
      harness.receive([148, id], [7, port], bytesTotal(total)).bytes
    assert.equal(flow('fedcba9876543210', 100, '0001'), 100)
    assert.equal(flow('fedcba9876543211', 150, '0001'), 150)
    assert.equal(flow('fedcba9876543210', 180, '0002'), 80)
    const [key] = harness.totals.flows.keys()
    assert.equal(key, 'flow 18364758544493064721')
  })

  it('belong to protocol, end points and start without a flow id', () => {
    const harness = new TotalsHarness()
    const other = ENDS.map(([id, value]): FieldBytes => [id, id === 7 ? 'c351' : value])
    const steps = [
      [...ENDS, startAt(0), bytesTotal(100)],
      [...other, startAt(0), bytesTotal(170)],
      [...ENDS, startAt(0), bytesTotal(120)],
      [...ENDS, startAt(60), bytesTotal(150)],
      [...ENDS, startAt(60), bytesTotal(160)],
      [...ENDS.map(([id, value]): FieldBytes => [id, id === 4 ? '11' : value]), bytesTotal(9)],
      [...ENDS, [61, '01'] as const, startAt(60), bytesTotal(30)],
    ]
    assert.deepEqual(harness.bytesOf(...steps), [100, 170, 20, 150, 10, 9, 30])
  })

  it('belong to the same flow if whole seconds of export time shift its start', () => {
    const harness = new DecoderHarness()
    const fields = [[22, 4] as const, [85, 4] as const]
    const definition = set(0, template(256, fields))
    const count = (unixSeconds: number, uptimeMs: number, total: number) => {
      const data = set(256, uint(5000), uint(total))
      const message = v9MessageOf({ unixSeconds, uptimeMs }, definition, data)
      return harness.receive(message).flows[0]?.bytes
    }
    assert.equal(count(EXPORT_SECONDS, 60_000, 100), 100)
    assert.equal(count(EXPORT_SECONDS + 60, 120_999, 140), 40)
    assert.equal(count(EXPORT_SECONDS + 120, 180_000, 150), 10)
  })

  it('of a biflow belong to one direction each', () => {
    const harness = new TotalsHarness()
    const counts = (forward: number, reverse: number) =>
      harness
        .receiveAt(EXPORT_SECONDS, [148, '07'], [85, uint(forward)], [85, uint(reverse), REVERSE])
        .map(({ bytes }) => bytes)
    assert.deepEqual(counts(100, 1000), [100, 1000])
    assert.deepEqual(counts(150, 1700), [50, 700])
  })

  it('belong to one stream', () => {
    const harness = new DecoderHarness()
    const message = oneRecordMessage([...ENDS, bytesTotal(100)])
    assert.equal(harness.receive(message).flows[0]?.bytes, 100)
    assert.equal(harness.receive(message, { exporter: '192.0.2.9' }).flows[0]?.bytes, 100)
    assert.equal(harness.receive(message).flows[0]?.bytes, 0)
  })
})

describe('a running total that cannot be compared', () => {
  const record = (seconds: number, total: number): readonly IpfixValue[] => [
    [8, 'c0000201'],
    [150, uint(EXPORT_SECONDS + seconds)],
    [85, uint(total)],
  ]

  it('leaves the counter empty if a later total was counted already', () => {
    const harness = new TotalsHarness()
    const bytesAt = (seconds: number, start: number, total: number) => {
      const [flow] = harness.receiveAt(EXPORT_SECONDS + seconds, ...record(start, total))
      return [flow?.bytes, flow?.extra]
    }
    assert.deepEqual(bytesAt(60, 0, 300), [300, '{"octetTotalCount":300}'])
    assert.deepEqual(bytesAt(30, 0, 200), [undefined, '{"octetTotalCount":200}'])
    assert.deepEqual(bytesAt(90, 0, 350)[0], 50)
    assert.deepEqual(bytesAt(95, -60, 900)[0], undefined)
    assert.deepEqual(bytesAt(99, 0, 360)[0], 10)
  })

  it('leaves the counter empty once if the flow may have been forgotten', () => {
    const harness = new TotalsHarness()
    harness.receiveAt(EXPORT_SECONDS, ...record(0, 100))
    harness.totals.forgetOldest()
    assert.equal(harness.totals.forgottenMicros, EXPORT_SECONDS * 1e6)
    const bytesAt = (seconds: number, start: number, total: number) =>
      harness.receiveAt(EXPORT_SECONDS + seconds, ...record(start, total))[0]?.bytes
    assert.equal(bytesAt(60, 0, 300), undefined)
    assert.equal(bytesAt(120, 0, 450), 150)
    // A flow that began later cannot have been forgotten.
    assert.equal(bytesAt(120, 1 + 60, 7), 7)
    const [unstarted] = harness.receiveAt(EXPORT_SECONDS, [8, 'c0000209'], [85, '05'])
    assert.equal(unstarted?.bytes, undefined)
  })
})

describe('the memory of running totals', () => {
  /** One message with a record of each flow. */
  function flowsMessage(from: number, count: number, domain = 7): Buffer {
    const records = Array.from({ length: count }, (_, flow) => `${uint(from + flow)}${uint(9)}`)
    const fields = [[148, 4] as const, [85, 4] as const]
    const header = { sourceId: domain }
    return v9MessageOf(header, set(0, template(256, fields)), set(256, records.join('')))
  }

  it('is bounded for a stream: the longest silent flow is forgotten first', () => {
    const harness = new DecoderHarness()
    const perMessage = 4096
    harness.receive(flowsMessage(1, perMessage))
    const { totals } = harness.stream()
    for (let from = 1; from <= MAX_FLOW_TOTALS_PER_STREAM; from += perMessage) {
      harness.receive(flowsMessage(from, perMessage))
    }
    assert.equal(totals.size, MAX_FLOW_TOTALS_PER_STREAM)
    assert.equal(totals.forgottenMicros, 0)
    harness.receive(flowsMessage(1, 1))
    harness.receive(flowsMessage(MAX_FLOW_TOTALS_PER_STREAM + 1, 2))
    assert.equal(totals.size, MAX_FLOW_TOTALS_PER_STREAM)
    assert.equal(totals.flows.has('flow 1'), true)
    assert.equal(totals.flows.has('flow 2'), false)
    assert.ok(totals.forgottenMicros > 0)
  })

  it('is bounded for all streams, while each has room for a few flows', () => {
    const harness = new DecoderHarness()
    const perMessage = 4096
    for (let domain = 1; domain <= 2; domain++) {
      for (let from = 1; from <= MAX_FLOW_TOTALS / 2; from += perMessage) {
        harness.receive(flowsMessage(from, perMessage, domain))
      }
    }
    harness.receive(flowsMessage(1, MIN_FLOW_TOTALS + 10, 3))
    const { totals } = harness.stream()
    assert.equal(totals.size, MIN_FLOW_TOTALS)
    assert.equal(totals.flows.has('flow 10'), false)
    assert.equal(totals.flows.has('flow 11'), true)
  })
})
