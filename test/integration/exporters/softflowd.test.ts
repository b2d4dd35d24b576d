import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ReplayPlace, replayCapture } from './capture-replay.ts'
import { missingPrograms } from './programs.ts'
import { SAMPLE_ICMP } from './sample-traffic.ts'
import { assertCleanStream, assertSameFlows, listIcmp } from './stored-flows.ts'

/** In the foreground, without a control socket, and with packet times from the file. */
function argumentsFor(version: 1 | 5 | 9 | 10) {
  return ({ capturePath, port }: ReplayPlace) => [
    ...['-r', capturePath, '-n', `127.0.0.1:${port}`, '-v', String(version)],
    ...['-d', '-c', 'none', '-p', 'softflowd.pid'],
  ]
}

describe('softflowd', { skip: missingPrograms('softflowd'), concurrency: 4 }, () => {
  for (const version of [1, 5] as const) {
    it(`is stored by v${version} as its capture says`, async () => {
      await replayCapture({
        program: 'softflowd',
        families: 'ipv4',
        argumentsFor: argumentsFor(version),
        check: async ({ pipeline, stored, truth }) => {
          assertSameFlows(stored, truth)
          await assertCleanStream(pipeline, version)
          assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.ipv4)
        },
      })
    })
  }

  it('is stored by v9 as its capture says, IPv6 and the sampling of its options included', async () => {
    await replayCapture({
      program: 'softflowd',
      families: 'both',
      argumentsFor: argumentsFor(9),
      check: async ({ pipeline, stored, truth }) => {
        assertSameFlows(stored, truth)
        await assertCleanStream(pipeline, 9)
        assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.both)
        const rates = await pipeline.ask('select distinct sampling_rate::int from flows')
        assert.deepEqual(rates, [{ sampling_rate: 1 }])
      },
    })
  })

  it('is stored by IPFIX as its capture says, IPv6 included', async () => {
    await replayCapture({
      program: 'softflowd',
      families: 'both',
      argumentsFor: argumentsFor(10),
      check: async ({ pipeline, stored, truth }) => {
        assertSameFlows(stored, truth)
        await assertCleanStream(pipeline, 10)
        assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.both)
      },
    })
  })

  for (const version of [1, 5, 9, 10] as const) {
    it(`is followed without a false gap over many v${version} messages`, async () => {
      await replayCapture({
        program: 'softflowd',
        families: 'ipv4',
        lookups: 1_000,
        argumentsFor: argumentsFor(version),
        check: async ({ pipeline, stored, truth }) => {
          assertSameFlows(stored, truth)
          await assertCleanStream(pipeline, version)
        },
      })
    })
  }
})
