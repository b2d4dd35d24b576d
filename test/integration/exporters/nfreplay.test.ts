import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ReplayPlace, replayCapture } from './capture-replay.ts'
import { missingPrograms, runExporter } from './programs.ts'
import { SAMPLE_ICMP } from './sample-traffic.ts'
import { assertCleanStream, assertSameFlows, listIcmp } from './stored-flows.ts'

/** nfreplay sends the flows of nfdump's files, so nfpcapd turns the capture into files first. */
function argumentsFor(version: 5 | 9) {
  return async ({ folder, capturePath, port }: ReplayPlace) => {
    const parts = join(folder, 'parts')
    const flows = join(folder, 'flows.nf')
    await mkdir(parts)
    await runExporter('nfpcapd', ['-r', capturePath, '-w', parts], folder)
    // A new file begins every five minutes, perhaps within the capture.
    await runExporter('nfdump', ['-R', parts, '-w', flows], folder)
    return ['-r', flows, '-H', '127.0.0.1', '-p', String(port), '-v', String(version)]
  }
}

const skip = missingPrograms('nfpcapd', 'nfdump', 'nfreplay')
describe('nfreplay', { skip, concurrency: true }, () => {
  for (const version of [5, 9] as const) {
    it(`is stored by v${version} as its capture says`, async () => {
      const families = version === 5 ? 'ipv4' : 'both'
      await replayCapture({
        program: 'nfreplay',
        families,
        lookups: 300,
        argumentsFor: argumentsFor(version),
        check: async ({ pipeline, stored, truth }) => {
          assertSameFlows(stored, truth)
          await assertCleanStream(pipeline, version)
          assert.deepEqual(await listIcmp(pipeline), SAMPLE_ICMP[families])
        },
      })
    })
  }
})
