/** Texts and sizes of the coverage strip: how much was received in each bin. Pure. */

import type { CoverageBin } from '../../api/coverage.ts'
import { formatDigits, formatPercent } from '../format.ts'

type Level = 'whole' | 'lost' | 'unknown'

/** `unknown`: nothing was sent, or the exporters do not count. */
export function levelOf({ percent }: CoverageBin): Level {
  if (percent === null) return 'unknown'
  return percent >= 100 ? 'whole' : 'lost'
}

const MIN_HEIGHT = 0.3
/** A loss from this size on fills the strip. */
const FULL_LOSS_PERCENT = 10

/** Returns the height of the mark of a loss, from 0 to 1. The smallest loss is visible, too. */
export function lossHeight({ percent }: CoverageBin): number {
  if (percent === null || percent >= 100) return 0
  const part = Math.min(1, (100 - percent) / FULL_LOSS_PERCENT)
  return MIN_HEIGHT + (1 - MIN_HEIGHT) * Math.sqrt(part)
}

/** Describes the coverage of a bin in one sentence. */
export function describeCoverage(bin: CoverageBin): string {
  const known = bin.losses.filter(({ lost }) => lost !== null && lost !== '0')
  const unknown = bin.losses.some(({ lost }) => lost === null)
  if (bin.percent === null && !unknown) return 'no datagram was expected'
  const lost = known.map(({ lost, unit, cause }) => `${formatDigits(lost)} ${unit} lost (${cause})`)
  const parts = [`${formatPercent(bin.percent)} received`, ...lost]
  if (unknown) parts.push('some exporters count nothing')
  return parts.join(', ')
}

/** Adds up the bins. */
export function sumCoverage(bins: readonly CoverageBin[]): CoverageBin {
  const add = (name: 'expected' | 'received') =>
    bins.reduce((sum, bin) => sum + BigInt(bin[name] ?? 0), 0n)
  const [expected, received] = [add('expected'), add('received')]
  const losses = new Map<string, CoverageBin['losses'][number]>()
  for (const loss of bins.flatMap((bin) => bin.losses)) {
    const id = `${loss.unit} ${loss.cause}`
    losses.set(id, { ...loss, lost: addCounters(losses.get(id)?.lost ?? null, loss.lost) })
  }
  return {
    t: bins[0]?.t ?? '',
    percent: expected === 0n ? null : Number((received * 1_000_000n) / expected) / 10_000,
    expected: String(expected),
    received: String(received),
    losses: [...losses.values()],
  }
}

function addCounters(a: string | null, b: string | null): string | null {
  if (a === null) return b
  return b === null ? a : String(BigInt(a) + BigInt(b))
}
