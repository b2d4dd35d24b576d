import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPaint, showShares } from '../../../launcher/demo/report.ts'

const SHARES = [
  { name: '192.0.2.1', flows: 20, packets: 1_000, bytes: 750_000 },
  { name: '192.0.2.2', flows: 3, packets: 1_500, bytes: 250_000 },
]

function show(colours: boolean): string {
  const paint = createPaint(colours)
  return showShares('Top talkers', 'source', { shares: SHARES, totalBytes: 1_000_000, paint })
}

describe('the report of the demo', () => {
  it('draws a bar for each share, relative to the largest', () => {
    assert.deepEqual(show(false).split('\n'), [
      'Top talkers',
      '  source     flows  packets   bytes   share',
      `  192.0.2.1     20    1,000  750 kB  75.0 %  ${'█'.repeat(24)}`,
      `  192.0.2.2      3    1,500  250 kB  25.0 %  ${'█'.repeat(8)}`,
    ])
  })

  it('has colours only when asked to', () => {
    const [title, heading, first] = show(true).split('\n')
    assert.equal(title, '\u001b[1mTop talkers\u001b[22m')
    assert.ok(heading?.startsWith('  \u001b[2msource ') && heading.endsWith('\u001b[22m'))
    assert.ok(first?.endsWith(`  \u001b[36m${'█'.repeat(24)}\u001b[39m`))
  })
})
