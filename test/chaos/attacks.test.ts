import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COSTLY_ATTACKS } from './attack-traffic.ts'
import { runCostlyAttack, runSplitAttack } from './attacks.ts'

/** The memory of the writer under attack; it is the same when all 16,384 streams are split. */
const MAX_MIB = 700
const MAX_LATENCY_MS = 5_000

describe('a writer whose streams an attacker splits into as many ports as there can be', () => {
  it('keeps its memory, stores every flow of a well-behaved exporter, and counts its loss', async (context) => {
    const report = await runSplitAttack({ exporters: 4, domains: 512, victimFlows: 20_000 })
    context.diagnostic(JSON.stringify(report))
    const { sent, stored, lost, difference, peakMib } = report
    assert.deepEqual([stored, lost, difference], [sent, 30, 0])
    assert.ok(peakMib < MAX_MIB, `${peakMib} MiB`)
  })
})

describe('a writer that is sent a few megabits a second of what costs far more than its bytes', () => {
  for (const attack of COSTLY_ATTACKS) {
    it(`stores the flows of others in time: ${attack.name}`, async (context) => {
      const report = await runCostlyAttack(attack, { seconds: 10, megabits: 3 })
      context.diagnostic(JSON.stringify(report))
      const { sent, stored, lost, difference, quietMs, longestMs, afterMs } = report
      assert.deepEqual([stored, lost, difference], [sent, 0, 0])
      // A busy machine is slow without an attack, too.
      const most = MAX_LATENCY_MS + 4 * quietMs
      assert.ok(longestMs < most && afterMs < most, `${longestMs} ms, after it ${afterMs} ms`)
    })
  }
})
