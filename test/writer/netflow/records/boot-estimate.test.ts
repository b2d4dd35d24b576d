/** The boot time of an IPFIX exporter that does not announce it, estimated from its flows. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  v9Message,
  type Wire,
  wire,
} from '../../../helpers/netflow-bytes.ts'

const TWO_32 = 2 ** 32
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const uint32 = (value: number) =>
  (((value % TWO_32) + TWO_32) % TWO_32).toString(16).padStart(8, '0')
const uint64 = (value: number) => value.toString(16).padStart(16, '0')

const UPTIMES: readonly IpfixField[] = [
  [22, 4],
  [21, 4],
]

/** An exporter with a boot time that it does not announce. */
class SilentExporter {
  readonly harness = new DecoderHarness()
  readonly #fields: readonly IpfixField[]
  bootMs = EXPORT_SECONDS * 1000 - DAY_MS

  constructor(fields: readonly IpfixField[] = UPTIMES) {
    this.#fields = fields
  }

  receive(exportSeconds: number, ...sets: readonly Wire[]) {
    const template = set(2, ipfixTemplate(256, this.#fields))
    return this.harness.receive(ipfixMessageOf({ exportSeconds }, template, ...sets)).flows
  }

  /**
   * Sends flows of one second each that ended the given times before the export. Returns how much
   * later than in truth they end, in milliseconds.
   */
  errorsOf(seconds: number, ...agesMs: readonly number[]): readonly number[] {
    const exportMs = (EXPORT_SECONDS + seconds) * 1000
    const ends = agesMs.map((ageMs) => exportMs - ageMs)
    const records = ends.map((endMs) => {
      return `${uint32(endMs - 1000 - this.bootMs)}${uint32(endMs - this.bootMs)}`
    })
    const flows = this.receive(EXPORT_SECONDS + seconds, set(256, ...records))
    return flows.map(({ flowStart, flowEnd }, index) => {
      assert.equal(flowStart, (flowEnd as number) - 1_000_000)
      return (flowEnd as number) / 1000 - (ends[index] as number)
    })
  }
}

describe('the estimated boot time of an IPFIX exporter', () => {
  it('is the running minimum of export time less end', () => {
    const exporter = new SilentExporter()
    assert.deepEqual(exporter.errorsOf(0, 15_000), [15_000])
    assert.deepEqual(exporter.errorsOf(10, 40_000, 3000, 20_000), [3000, 3000, 3000])
    assert.deepEqual(exporter.errorsOf(20, 30_000), [3000])
    assert.deepEqual(exporter.errorsOf(30, 0), [0])
    assert.deepEqual(exporter.errorsOf(1800, 60_000), [0])
    const { bootEstimateMs } = exporter.harness.stream()
    assert.equal(bootEstimateMs, exporter.bootMs)
  })

  it('keeps the sent uptimes in extra, which marks the times as estimated', () => {
    const [flow] = new SilentExporter().receive(EXPORT_SECONDS, set(256, '00000005', '00000006'))
    assert.deepEqual(flow, {
      flowStart: EXPORT_SECONDS * 1e6 - 1000,
      flowEnd: EXPORT_SECONDS * 1e6,
      extra: '{"flowStartSysUpTime":5,"flowEndSysUpTime":6}',
    })
  })

  it('holds while the uptime wraps, within a message, too', () => {
    const exporter = new SilentExporter()
    exporter.bootMs = EXPORT_SECONDS * 1000 - TWO_32 + 60_000
    assert.deepEqual(exporter.errorsOf(0, 1000), [1000])
    assert.deepEqual(exporter.errorsOf(70, 0, 20_000), [0, 0])
    assert.deepEqual(exporter.errorsOf(130, 500), [0])
    const wrapped = new SilentExporter()
    wrapped.bootMs = EXPORT_SECONDS * 1000 - 3 * TWO_32 - 5000
    assert.deepEqual(wrapped.errorsOf(0, 0, 20_000), [0, 0])
  })

  it('is replaced when all flows of a set ended over an hour before, as after a restart', () => {
    const exporter = new SilentExporter()
    exporter.errorsOf(0, 0)
    exporter.bootMs += DAY_MS + 30_000
    assert.deepEqual(exporter.errorsOf(40, 5000), [5000])
    const other = new SilentExporter()
    other.errorsOf(0, 0)
    assert.deepEqual(other.errorsOf(2 * 3600, HOUR_MS), [0])
  })

  it('is forgotten when the sequence shows a restart of the exporter', () => {
    const exporter = new SilentExporter()
    exporter.errorsOf(0, 0)
    exporter.harness.stream().unconfirm(1)
    exporter.bootMs += 60_000
    assert.deepEqual(exporter.errorsOf(90, 2000), [2000])
  })

  it('yields to an announced boot time', () => {
    const exporter = new SilentExporter()
    exporter.errorsOf(0, 7000)
    const options = [
      set(
        3,
        ipfixOptionsTemplate(512, 1, [
          [149, 4],
          [160, 8],
        ]),
      ),
      set(512, '00000007', uint64(exporter.bootMs)),
    ]
    const data = set(256, uint32(DAY_MS - 1000), uint32(DAY_MS))
    const [flow] = exporter.receive(EXPORT_SECONDS, ...options, data)
    assert.deepEqual(flow, {
      flowStart: (EXPORT_SECONDS - 1) * 1e6,
      flowEnd: EXPORT_SECONDS * 1e6,
    })
  })

  it('is found after fields of variable length, in whole records only', () => {
    const exporter = new SilentExporter([
      [82, VARIABLE],
      [21, 4],
    ])
    const records = wire('0141', uint32(5000), '024142', uint32(9000), 'ff0001 43', uint32(8000))
    const flows = exporter.receive(EXPORT_SECONDS, set(256, records))
    const ends = flows.map(({ flowEnd }) => EXPORT_SECONDS - (flowEnd as number) / 1e6)
    assert.deepEqual(ends, [4, 0, 1])
    const cut = exporter.receive(EXPORT_SECONDS, set(256, '0141', uint32(5000), '09', uint32(9999)))
    assert.equal(cut.length, 0)
  })

  it('is used for flows without an end, once other flows had one', () => {
    const exporter = new SilentExporter()
    exporter.errorsOf(0, 0)
    const starts = set(2, ipfixTemplate(257, [[22, 4]]))
    const message = ipfixMessageOf({}, starts, set(257, uint32(DAY_MS - 4000)))
    const [flow] = exporter.harness.receive(message).flows
    assert.equal(flow?.flowStart, (EXPORT_SECONDS - 4) * 1e6)
  })

  it('is not made for NetFlow v9, which has the uptime in its header', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, '0100 0001 0015 0004'), set(256, '00000005')))
    assert.ok(Number.isNaN(harness.stream().bootEstimateMs))
  })
})
