/** The sources of a v9 flow's times, and their order. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Decoded,
  DecoderHarness,
  decodeAlone,
  flowOf,
} from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type FieldBytes,
  oneRecordMessage,
  set,
  template,
  UPTIME_MS,
  v9MessageOf,
} from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

describe('the times of a flow', () => {
  const times = (...fields: readonly FieldBytes[]) => {
    const { flowStart, flowEnd } = flowOf(...fields)
    return [flowStart, flowEnd]
  }
  const uptime = (ms: number) => (ms >>> 0).toString(16).padStart(8, '0')

  it('count back from the export time by the uptime', () => {
    const [start, end] = times([22, uptime(UPTIME_MS - 3000)], [21, uptime(UPTIME_MS + 1000)])
    assert.deepEqual([start, end], [EXPORT_MICROS - 3_000_000, EXPORT_MICROS + 1_000_000])
    const [wrapped] = times([22, uptime(-5000)])
    assert.equal(wrapped, EXPORT_MICROS - (UPTIME_MS + 5000) * 1000)
  })

  it('may be absolute, in seconds, milliseconds, microseconds or nanoseconds', () => {
    const second = EXPORT_MICROS
    assert.deepEqual(times([150, '6553f100'], [151, '6553f101']), [second, second + 1_000_000])
    assert.deepEqual(times([152, '0000018bcfe56800'], [153, '0000018bcfe56be9']), [
      second,
      second + 1_001_000,
    ])
    assert.deepEqual(times([154, 'e8fe6f80 00000000'], [155, 'e8fe6f80 80000000']), [
      second,
      second + 500_000,
    ])
    assert.deepEqual(times([156, 'e8fe6f80 000010c7'], [157, 'e8fe6f81 ffffffff']), [
      second + 1,
      second + 2_000_000,
    ])
  })

  it('of NTP belong to era 1 if they would be before 1970', () => {
    assert.equal(times([154, '00000000 ffffffff'])[0], 2_085_978_497_000_000)
    assert.equal(times([154, '83aa7e80 00000000'])[0], 0)
    assert.equal(times([154, '83aa7e7f 00000000'])[0], (2 ** 32 - 1) * 1_000_000)
  })

  it('may count back from the export time in microseconds', () => {
    assert.deepEqual(times([158, '000f4241'], [159, '00000001']), [
      EXPORT_MICROS - 1_000_001,
      EXPORT_MICROS - 1,
    ])
  })

  it('prefer milliseconds, then NTP, seconds, microseconds before export, the uptime', () => {
    const sources: readonly FieldBytes[] = [
      [22, uptime(UPTIME_MS)],
      [158, '00000005'],
      [150, '00000004'],
      [156, '83aa7e83 00000000'],
      [154, '83aa7e82 00000000'],
      [152, '00000000000003e8'],
    ]
    const starts = sources.map((_, index) => times(...sources.slice(0, index + 1))[0])
    assert.deepEqual(starts, [
      EXPORT_MICROS,
      EXPORT_MICROS - 5,
      4_000_000,
      3_000_000,
      2_000_000,
      1_000_000,
    ])
    assert.deepEqual(times(...[...sources].reverse())[0], 1_000_000)
  })

  it('may be a start and a duration', () => {
    const start: FieldBytes = [152, '0000018bcfe56800']
    assert.deepEqual(times(start, [161, '000003e9']), [EXPORT_MICROS, EXPORT_MICROS + 1_001_000])
    assert.deepEqual(times(start, [162, '000003e9']), [EXPORT_MICROS, EXPORT_MICROS + 1001])
    const three = flowOf(start, [161, '00000001'], [162, '00000002'])
    assert.equal(three.flowEnd, EXPORT_MICROS + 1000)
    assert.equal(three.extra, '{"flowDurationMicroseconds":2}')
    const ended = flowOf(start, [153, '0000018bcfe56801'], [161, '000003e9'])
    assert.equal(ended.flowEnd, EXPORT_MICROS + 1000)
    assert.equal(ended.extra, '{"flowDurationMilliseconds":1001}')
  })

  it('may be an end and a duration', () => {
    const end: FieldBytes = [153, '0000018bcfe56800']
    assert.deepEqual(flowOf(end, [161, '000003e9']), {
      flowStart: EXPORT_MICROS - 1_001_000,
      flowEnd: EXPORT_MICROS,
    })
    assert.deepEqual(times([162, '000003e9'], end), [EXPORT_MICROS - 1001, EXPORT_MICROS])
    assert.deepEqual(times([161, '00000000'], end), [EXPORT_MICROS, EXPORT_MICROS])
    for (const other of [
      [151, '6553f100'],
      [155, 'e8fe6f80 00000000'],
      [157, 'e8fe6f80 00000000'],
      [159, '00000000'],
      [21, uptime(UPTIME_MS)],
    ] as const) {
      const expected = [EXPORT_MICROS - 1_001_000, EXPORT_MICROS]
      assert.deepEqual(times(other, [161, '000003e9']), expected, `element ${other[0]}`)
    }
    const two = flowOf(end, [161, '00000001'], [162, '00000002'])
    assert.equal(two.flowStart, EXPORT_MICROS - 1000)
    assert.equal(two.extra, '{"flowDurationMicroseconds":2}')
  })

  it('of zero say nothing, and are in extra as sent', () => {
    for (const [start, end, zero] of [
      [150, 151, '00000000'],
      [152, 153, '0000000000000000'],
      [154, 155, '0000000000000000'],
      [156, 157, '0000000000000000'],
    ] as const) {
      const { flowStart, flowEnd, extra } = flowOf([start, zero], [end, zero])
      assert.deepEqual([flowStart, flowEnd], [undefined, undefined])
      assert.deepEqual(Object.values(JSON.parse(String(extra)) as object), [0, 0])
    }
    for (const [event, zero] of [
      [322, '00000000'],
      [323, '0000000000000000'],
      [324, '0000000000000000'],
      [325, '0000000000000000'],
    ] as const) {
      const { flowStart, flowEnd, extra } = flowOf([event, zero])
      assert.deepEqual([flowStart, flowEnd], [undefined, undefined])
      assert.match(String(extra), /^\{"observationTime\w+":0\}$/)
    }
  })

  it('that say nothing come from the other time and the duration, or from an event', () => {
    const zero: FieldBytes = [152, '0000000000000000']
    const end: FieldBytes = [153, '0000018bcfe56800']
    const extra = '{"flowStartMilliseconds":0}'
    const started = { flowStart: EXPORT_MICROS - 5000, flowEnd: EXPORT_MICROS, extra }
    assert.deepEqual(flowOf(zero, end, [161, '00000005']), started)
    const ended = flowOf([152, '0000018bcfe56800'], [153, '0000000000000000'], [162, '00000005'])
    assert.deepEqual([ended.flowStart, ended.flowEnd], [EXPORT_MICROS, EXPORT_MICROS + 5])
    const event = flowOf(zero, end, [322, '6553f0ff'])
    assert.deepEqual([event.flowStart, event.flowEnd], [EXPORT_MICROS - 1_000_000, EXPORT_MICROS])
  })

  it('count from the uptime in the header if the boot time in the record says nothing', () => {
    const flow = flowOf([160, '0000000000000000'], [21, uptime(UPTIME_MS - 5)])
    assert.deepEqual(flow, {
      flowEnd: EXPORT_MICROS - 5000,
      extra: '{"systemInitTimeMilliseconds":0}',
    })
  })

  it('with a duration that leads to no time are unchanged, and the duration is in extra', () => {
    const flow = flowOf([152, '0000018bcfe56800'], [161, '001fffffffffffff'])
    assert.deepEqual(flow, {
      flowStart: EXPORT_MICROS,
      extra: '{"flowDurationMilliseconds":9007199254740991}',
    })
  })

  it('may be the time of an event', () => {
    const at = [EXPORT_MICROS, EXPORT_MICROS]
    assert.deepEqual(times([322, '6553f100']), at)
    assert.deepEqual(times([323, '0000018bcfe56800']), at)
    assert.deepEqual(times([324, 'e8fe6f80 00000000']), at)
    assert.deepEqual(times([325, 'e8fe6f80 00000000']), at)
    const preferred = flowOf(
      [322, '00000001'],
      [324, '83aa7e82 00000000'],
      [323, '0000000000000bb8'],
    )
    assert.deepEqual(preferred, {
      flowStart: 3_000_000,
      flowEnd: 3_000_000,
      extra:
        '{"observationTimeSeconds":"1970-01-01T00:00:01.000Z",' +
        '"observationTimeMicroseconds":"1970-01-01T00:00:02.000000Z"}',
    })
    const started = flowOf([152, '0000018bcfe567ff'], [323, '0000018bcfe56800'])
    assert.deepEqual(started, { flowStart: EXPORT_MICROS - 1000, flowEnd: EXPORT_MICROS })
    const both = flowOf([22, uptime(UPTIME_MS)], [21, uptime(UPTIME_MS)], [322, '6553f100'])
    assert.equal(both.extra, '{"observationTimeSeconds":"2023-11-14T22:13:20.000Z"}')
  })

  it('are absent if no field has them', () => {
    assert.deepEqual(times([1, '05']), [undefined, undefined])
    assert.deepEqual(times([21, uptime(UPTIME_MS)]), [undefined, EXPORT_MICROS])
  })

  it('outside the range of a time go to extra, exactly', () => {
    const flow = flowOf(
      [152, 'ffffffffffffffff'],
      [323, 'fffffffffffffffe'],
      [158, '7fffffffffffffff'],
    )
    assert.deepEqual(flow, {
      extra:
        '{"flowStartMilliseconds":18446744073709551615,' +
        '"observationTimeMilliseconds":18446744073709551614,' +
        '"flowStartDeltaMicroseconds":9223372036854775807}',
    })
  })

  it('are swapped, or the start becomes the end, if the end is before the start', () => {
    const decode = (endMs: number): Decoded =>
      decodeAlone(
        oneRecordMessage([
          [22, uptime(UPTIME_MS)],
          [21, uptime(UPTIME_MS - endMs)],
        ]),
      )
    const little = decode(999)
    assert.equal(little.flows[0]?.flowStart, EXPORT_MICROS - 999_000)
    assert.equal(little.flows[0]?.flowEnd, EXPORT_MICROS)
    assert.deepEqual(little.problems, [])
    const much = decode(1000)
    assert.equal(much.flows[0]?.flowStart, EXPORT_MICROS - 1_000_000)
    assert.equal(much.flows[0]?.flowEnd, EXPORT_MICROS - 1_000_000)
    assert.deepEqual(much.problems, ['end-before-start'])
  })

  it('out of order by a second or more keep the sent start in extra', () => {
    const flow = flowOf([22, uptime(UPTIME_MS + 1)], [21, uptime(UPTIME_MS - 1000)], [4, '06'])
    assert.deepEqual(flow, {
      protocol: 6,
      flowStart: EXPORT_MICROS - 1_000_000,
      flowEnd: EXPORT_MICROS - 1_000_000,
      extra: '{"flowStart":"2023-11-14T22:13:20.001000Z"}',
    })
    const ancient = decodeAlone(
      v9MessageOf(
        { unixSeconds: 0 },
        set(
          0,
          template(256, [
            [22, 4],
            [21, 4],
          ]),
        ),
        set(256, uptime(UPTIME_MS - 1), uptime(UPTIME_MS - 5000)),
      ),
    )
    assert.equal(ancient.flows[0]?.extra, '{"flowStart":"1969-12-31T23:59:59.999000Z"}')
  })

  it('are counted if more than 10 minutes after or 50 days before the receive time', () => {
    const harness = new DecoderHarness()
    const implausible = (startSeconds: number, receivedAtMicros = EXPORT_MICROS) => {
      const message = oneRecordMessage([[150, startSeconds.toString(16).padStart(8, '0')]])
      const { flows, counts } = harness.receive(message, { receivedAtMicros })
      assert.equal(flows[0]?.flowStart, startSeconds * 1_000_000)
      return counts.implausibleTimes
    }
    const fiftyDays = 50 * 86_400
    assert.equal(implausible(EXPORT_SECONDS), undefined)
    assert.equal(implausible(EXPORT_SECONDS + 600), undefined)
    assert.equal(implausible(EXPORT_SECONDS + 601), 1)
    assert.equal(implausible(EXPORT_SECONDS - fiftyDays), undefined)
    assert.equal(implausible(EXPORT_SECONDS - fiftyDays - 1), 1)
    assert.equal(implausible(1), 1)
  })
})
