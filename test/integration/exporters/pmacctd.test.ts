import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ReplayPlace, replayCapture } from './capture-replay.ts'
import { missingPrograms } from './programs.ts'
import { SAMPLE_ICMP } from './sample-traffic.ts'
import { assertCleanStream, assertSameFlows, listIcmp } from './stored-flows.ts'

/** pmacctd reads the file after a delay: a plugin that has no socket yet misses packets. */
function argumentsFor(version: 5 | 9 | 10) {
  return async ({ folder, capturePath, port }: ReplayPlace) => {
    const settings = [
      'daemonize: false',
      `pcap_savefile: ${capturePath}`,
      'pcap_savefile_delay: 2',
      'aggregate: src_host, dst_host, src_port, dst_port, proto, tos',
      'plugins: nfprobe[out]',
      `nfprobe_receiver[out]: 127.0.0.1:${port}`,
      `nfprobe_version[out]: ${version}`,
    ]
    const path = join(folder, 'pmacctd.conf')
    await writeFile(path, `${settings.join('\n')}\n`)
    return ['-f', path]
  }
}

describe('pmacctd', { skip: missingPrograms('pmacctd'), concurrency: true }, () => {
  it('is stored by v5 as its capture says', async () => {
    await replayCapture({
      program: 'pmacctd',
      families: 'ipv4',
      lookups: 300,
      argumentsFor: argumentsFor(5),
      check: async ({ pipeline, stored, truth }) => {
        assertSameFlows(stored, truth)
        await assertCleanStream(pipeline, 5)
        assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.ipv4)
      },
    })
  })

  it('is stored by v9 as its capture says, with times in milliseconds and IPv6', async () => {
    await replayCapture({
      program: 'pmacctd',
      families: 'both',
      lookups: 300,
      argumentsFor: argumentsFor(9),
      check: async ({ pipeline, stored, truth }) => {
        assertSameFlows(stored, truth)
        await assertCleanStream(pipeline, 9)
        assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.both)
      },
    })
  })

  it('is stored by IPFIX as its capture says, with times in milliseconds and IPv6', async () => {
    await replayCapture({
      program: 'pmacctd',
      families: 'both',
      lookups: 300,
      argumentsFor: argumentsFor(10),
      check: async ({ pipeline, stored, truth }) => {
        assertSameFlows(stored, truth)
        await assertCleanStream(pipeline, 10)
        assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP.both)
      },
    })
  })
})
