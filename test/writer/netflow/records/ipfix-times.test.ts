/** The sources of an IPFIX flow's times: its header has no uptime (RFC 7011 section 6.1). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DecodedFlow, DecoderHarness, ipfixFlowOf } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type IpfixValue,
  ipfixMessage,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  oneIpfixRecord,
  set,
} from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000
const EXPORT_MS = EXPORT_SECONDS * 1000
const DAY_MS = 86_400_000
const TWO_32 = 2 ** 32

const uint32 = (value: number) => (value % TWO_32).toString(16).padStart(8, '0')
const uint64 = (value: number) => value.toString(16).padStart(16, '0')

function times(...values: readonly IpfixValue[]): readonly unknown[] {
  const { flowStart, flowEnd, extra } = ipfixFlowOf(...values)
  assert.equal(extra, undefined)
  return [flowStart, flowEnd]
}

describe('the absolute times of an IPFIX flow', () => {
  it('are seconds, milliseconds, microseconds or nanoseconds', () => {
    const later = EXPORT_MICROS + 500_000
    assert.deepEqual(times([150, '6553f100'], [151, '6553f101']), [
      EXPORT_MICROS,
      EXPORT_MICROS + 1_000_000,
    ])
    assert.deepEqual(times([152, uint64(EXPORT_MS)], [153, uint64(EXPORT_MS + 1)]), [
      EXPORT_MICROS,
      EXPORT_MICROS + 1000,
    ])
    for (const [start, end] of [
      [154, 155],
      [156, 157],
    ] as const) {
      assert.deepEqual(times([start, 'e8fe6f80 00000000'], [end, 'e8fe6f80 80000000']), [
        EXPORT_MICROS,
        later,
      ])
    }
  })

  it('of NTP are of era 0 or 1', () => {
    assert.deepEqual(
      times([154, 'ffffffff 00000000'], [155, '00000001 00000000']),
      [2_085_978_495_000_000, 2_085_978_497_000_000],
    )
  })

  it('count back from the export time in microseconds', () => {
    assert.deepEqual(times([158, '000f4241'], [159, '00000001']), [
      EXPORT_MICROS - 1_000_001,
      EXPORT_MICROS - 1,
    ])
  })

  it('may have other widths than in the registry', () => {
    assert.deepEqual(times([150, '000000006553f100'], [153, '018bcfe56801']), [
      EXPORT_MICROS,
      EXPORT_MICROS + 1000,
    ])
    const flow = ipfixFlowOf([154, 'e8fe6f80'])
    assert.deepEqual(flow, { extra: '{"flowStartMicroseconds":"e8fe6f80"}' })
  })
})

describe('an IPFIX time since the boot', () => {
  const boot = (bootMs: number): IpfixValue => [160, uint64(bootMs)]
  /** The boot time, which has no column. */
  const said = (bootMs: number) =>
    `"systemInitTimeMilliseconds":"${new Date(bootMs).toISOString()}"`

  it('counts from the boot time in the record', () => {
    const bootMs = EXPORT_MS - DAY_MS
    const expected = [EXPORT_MICROS - 2_000_000, EXPORT_MICROS - 1_000_000]
    const [start, end] = [uint32(DAY_MS - 2000), uint32(DAY_MS - 1000)]
    for (const fields of [
      [[22, start], [21, end], boot(bootMs)],
      [boot(bootMs), [21, end], [22, start]],
    ] as const) {
      const { flowStart, flowEnd, extra } = ipfixFlowOf(...fields)
      assert.deepEqual([flowStart, flowEnd], expected)
      assert.equal(extra, `{${said(bootMs)}}`)
    }
  })

  it('stays in extra if the boot time is unknown', () => {
    assert.deepEqual(ipfixFlowOf([22, '00000005']), { extra: '{"flowStartSysUpTime":5}' })
    const harness = new DecoderHarness()
    const zero = set(512, '00000007', uint64(0))
    harness.receive(ipfixMessage(OPTIONS, zero))
    const { flows } = harness.receive(ipfixMessage(oneIpfixRecord([[22, '00000005']])))
    assert.deepEqual(flows, [{ extra: '{"flowStartSysUpTime":5}' }])
  })

  const OPTIONS = set(
    3,
    ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [160, 8],
    ]),
  )
  const announce = (harness: DecoderHarness, bootMs: number) =>
    harness.receive(ipfixMessage(OPTIONS, set(512, '00000007', uint64(bootMs))))
  const sinceBoot = (harness: DecoderHarness, start: number, end: number) => {
    const record = oneIpfixRecord([
      [22, uint32(start)],
      [21, uint32(end)],
    ])
    const [flow] = harness.receive(ipfixMessage(record)).flows
    return [flow?.flowStart, flow?.flowEnd]
  }

  it('counts from the boot time in options of the stream, also in the same message', () => {
    const harness = new DecoderHarness()
    const record = oneIpfixRecord([[22, uint32(DAY_MS)]])
    const options = set(512, '00000007', uint64(EXPORT_MS - DAY_MS))
    const { flows } = harness.receive(ipfixMessage(OPTIONS, options, record))
    assert.deepEqual(flows, [{ flowStart: EXPORT_MICROS }])
    const expected = [EXPORT_MICROS - 2000, EXPORT_MICROS - 1000]
    assert.deepEqual(sinceBoot(harness, DAY_MS - 2, DAY_MS - 1), expected)
    const other = harness.receive(ipfixMessageOf({ domain: 8 }, record))
    assert.equal(other.flows[0]?.flowStart, undefined)
  })

  it('follows a new boot time', () => {
    const harness = new DecoderHarness()
    announce(harness, EXPORT_MS - DAY_MS)
    announce(harness, EXPORT_MS - 5000)
    assert.deepEqual(sinceBoot(harness, 1000, 2000), [
      EXPORT_MICROS - 4_000_000,
      EXPORT_MICROS - 3_000_000,
    ])
  })

  it('has wrapped after 49.7 days, also between the start and the end', () => {
    for (const days of [49, 50, 60, 99, 100, 400, 3000]) {
      const harness = new DecoderHarness()
      announce(harness, EXPORT_MS - days * DAY_MS)
      const uptimeMs = days * DAY_MS
      const expected = [EXPORT_MICROS - 90_000_000, EXPORT_MICROS]
      assert.deepEqual(sinceBoot(harness, uptimeMs - 90_000, uptimeMs), expected, `${days} days`)
    }
    const harness = new DecoderHarness()
    announce(harness, EXPORT_MS - TWO_32 - 1000)
    const expected = [EXPORT_MICROS - 3_000_000, EXPORT_MICROS - 500_000]
    assert.deepEqual(sinceBoot(harness, TWO_32 - 2000, TWO_32 + 500), expected)
    const record = ipfixFlowOf([22, uint32(TWO_32 - 2000)], boot(EXPORT_MS - TWO_32 - 1000))
    assert.equal(record.flowStart, EXPORT_MICROS - 3_000_000)
  })

  it('may be before the boot: an exporter that reads a file boots after its flows', () => {
    const harness = new DecoderHarness()
    announce(harness, EXPORT_MS - DAY_MS)
    const bootMicros = (EXPORT_MS - DAY_MS) * 1000
    assert.deepEqual(sinceBoot(harness, TWO_32 - 1, 5), [bootMicros - 1000, bootMicros + 5000])
    const early = ipfixFlowOf([22, uint32(TWO_32 - 1)], boot(EXPORT_MS - DAY_MS))
    assert.equal(early.flowStart, bootMicros - 1000)
    const hours = sinceBoot(harness, TWO_32 - 7_200_000, TWO_32 - 3_600_000)
    assert.deepEqual(hours, [bootMicros - 7_200_000_000, bootMicros - 3_600_000_000])
    const days = sinceBoot(harness, TWO_32 - 5 * DAY_MS, TWO_32 - 5 * DAY_MS)[0]
    assert.equal(days, bootMicros + (TWO_32 - 5 * DAY_MS) * 1000)
    announce(harness, EXPORT_MS + 3_600_000)
    assert.deepEqual(sinceBoot(harness, TWO_32 - 3_600_000, 0), [
      EXPORT_MICROS,
      EXPORT_MICROS + 3_600_000_000,
    ])
    announce(harness, EXPORT_MS * 2)
    const otherClock = sinceBoot(harness, TWO_32 - 5000, TWO_32 - 5000)[0]
    assert.equal(otherClock, (EXPORT_MS * 2 + TWO_32 - 5000) * 1000)
    announce(harness, EXPORT_MS - TWO_32 + 1000)
    const expected = [EXPORT_MICROS - 1_000_000, EXPORT_MICROS + 999_000]
    assert.deepEqual(sinceBoot(harness, TWO_32 - 2000, TWO_32 - 1), expected)
  })

  it('counts from the boot time even if the export time comes from another clock', () => {
    for (const bootMs of [EXPORT_MS + 3_600_000, EXPORT_MS * 2, 1000]) {
      const harness = new DecoderHarness()
      announce(harness, bootMs)
      const expected = [(bootMs + 1000) * 1000, (bootMs + 2000) * 1000]
      assert.deepEqual(sinceBoot(harness, 1000, 2000), expected)
      const flow = ipfixFlowOf([22, uint32(1000)], boot(bootMs))
      assert.equal(flow.flowStart, expected[0])
    }
  })

  it('is not used if the record has a better time, but kept in extra', () => {
    const flow = ipfixFlowOf(
      [152, uint64(EXPORT_MS)],
      [153, uint64(EXPORT_MS)],
      [22, '00000005'],
      [21, '00000006'],
      boot(EXPORT_MS - 5),
    )
    assert.deepEqual(flow, {
      flowStart: EXPORT_MICROS,
      flowEnd: EXPORT_MICROS,
      extra: `{"flowStartSysUpTime":5,"flowEndSysUpTime":6,${said(EXPORT_MS - 5)}}`,
    })
  })

  it('outside the range of a time goes to extra, exactly', () => {
    const flow: DecodedFlow = ipfixFlowOf([22, '001fffffffffffff'], boot(EXPORT_MS))
    assert.deepEqual(flow, { extra: `{${said(EXPORT_MS)},"flowStartSysUpTime":9007199254740991}` })
    const broken = ipfixFlowOf([22, '00000005'], [160, 'ffffffffffffffff'])
    assert.deepEqual(broken, {
      extra: '{"systemInitTimeMilliseconds":18446744073709551615,"flowStartSysUpTime":5}',
    })
  })

  it('is replaced by the time of an event if it leads to no time', () => {
    const event: IpfixValue = [323, uint64(EXPORT_MS)]
    const flow = ipfixFlowOf([22, '00000005'], event)
    assert.deepEqual([flow.flowStart, flow.flowEnd], [EXPORT_MICROS, EXPORT_MICROS])
    assert.match(String(flow.extra), /"flowStartSysUpTime":5/)
    const known = ipfixFlowOf([22, '00000005'], [21, '00000006'], boot(EXPORT_MS), event)
    assert.equal(known.flowStart, EXPORT_MICROS + 5000)
    assert.match(String(known.extra), /"observationTimeMilliseconds"/)
  })

  it('counts from the boot time of its own stream only', () => {
    const harness = new DecoderHarness()
    announce(harness, EXPORT_MS - DAY_MS)
    const record = oneIpfixRecord([[22, uint32(DAY_MS)]])
    const stranger = harness.receive(ipfixMessage(record), { exporter: '192.0.2.2' })
    assert.equal(stranger.flows[0]?.flowStart, undefined)
    const template = set(2, ipfixTemplate(256, [[22, 4]]))
    harness.receive(ipfixMessage(template))
    const { flows } = harness.receive(ipfixMessage(set(256, uint32(DAY_MS))))
    assert.deepEqual(flows, [{ flowStart: EXPORT_MICROS }])
  })
})
