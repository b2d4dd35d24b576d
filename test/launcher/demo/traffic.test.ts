import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextFlows, seededRandom } from '../../../launcher/demo/traffic.ts'

const SITE = { number: 1, ipv6Share: 0.3, samplingRate: 1 }

function sumBytes(flows: readonly { readonly bytes: number }[]): number {
  return flows.reduce((sum, { bytes }) => sum + bytes, 0)
}

describe('the traffic of the demo', () => {
  it('is the same for the same seed, and differs for another', () => {
    const first = nextFlows(SITE, seededRandom(1), 200)
    assert.deepEqual(nextFlows(SITE, seededRandom(1), 200), first)
    assert.notDeepEqual(nextFlows(SITE, seededRandom(2), 200), first)
  })

  it('has both directions of each conversation, of one family', () => {
    const [request, answer] = nextFlows(SITE, seededRandom(3), 2)
    assert.ok(request && answer)
    assert.deepEqual([answer.srcAddr, answer.dstAddr], [request.dstAddr, request.srcAddr])
    assert.deepEqual([answer.inputIf, answer.outputIf], [request.outputIf, request.inputIf])
    for (const { srcAddr, dstAddr } of nextFlows(SITE, seededRandom(4), 500)) {
      assert.equal(srcAddr.includes(':'), dstAddr.includes(':'))
    }
  })

  it('has most of its bytes in a tenth of its flows', () => {
    const flows = nextFlows(SITE, seededRandom(5), 3_000).sort((a, b) => b.bytes - a.bytes)
    assert.ok(sumBytes(flows.slice(0, 300)) > 0.8 * sumBytes(flows))
  })

  it('uses only private addresses and those for documentation', () => {
    const known = /^(10\.1\.0|192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8:[0-9a-f]+::\d+$/
    for (const { srcAddr, dstAddr } of nextFlows(SITE, seededRandom(6), 1_000)) {
      assert.match(srcAddr, known)
      assert.match(dstAddr, known)
    }
  })

  it('loses most of its short flows at a site that samples', () => {
    const countLookups = (samplingRate: number) =>
      nextFlows({ ...SITE, samplingRate }, seededRandom(7), 2_000).filter(
        ({ srcPort, dstPort }) => srcPort === 53 || dstPort === 53,
      ).length
    assert.ok(countLookups(1) > 500)
    assert.ok(countLookups(100) < countLookups(1) / 3)
  })
})
