/** The pipeline alone, and beside many questions to the web server: its latency, its losses. */

import { startPipeline } from '../../helpers/pipeline.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { quantile } from '../measure/spread.ts'
import { fillSkewed } from '../traffic/skewed-flows.ts'
import { WebLoad } from '../traffic/web-load.ts'
import type { WebLoadAnswer } from '../traffic/web-load-process.ts'
import type { Instrument, Workbench } from './instrument.ts'
import { type Latency, timeFlows } from './latency.ts'

const FROM_MS = Date.parse('2026-01-01T00:00Z')
const DAY = 'since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z'
const CACHED = `/api/top?${DAY}&by=protocol`
/** Another limit is another question, so no answer is kept. */
const HEAVY = `/api/conversations?${DAY}&limit={n}`

interface Load {
  readonly cachedRate: number
  readonly heavyClients: number
}

/** The result of one round; without questions, only of the pipeline. */
interface Round {
  readonly latency: Latency
  readonly lost: number
  readonly web: WebLoadAnswer | undefined
  readonly peakBytes: number
}

export const WEB: Instrument = {
  id: 'web',
  title: 'The page: the pipeline beside many questions',
  rowTitle: 'questions',
  isQuick: false,
  measure: async (workbench) => {
    const { cachedRate, heavyClients, rounds, rate, rows } = workbench.size.web
    const loads: Readonly<Record<string, Load | undefined>> = {
      none: undefined,
      [`${cachedRate.toLocaleString('en')}/s of kept answers`]: { cachedRate, heavyClients: 0 },
      [`the same, and ${heavyClients} clients with heavy ones`]: { cachedRate, heavyClients },
    }
    const variants = Object.entries(loads).map(
      ([name, load]) => [name, () => measureRound(workbench, load)] as const,
    )
    const results = await interleave(Object.fromEntries(variants), {
      rounds,
      warmUp: false,
      onTurn: workbench.progress,
    })
    return {
      rows: Object.keys(loads).map((name) => describe(name, results[name] ?? [])),
      note:
        `${rate.toLocaleString('en')} datagrams/s with one flow each go through the pipeline meanwhile. ` +
        `Heavy questions are conversations of a day with ${rows.toLocaleString('en')} flows, each a different ` +
        'one; refused ones (503) are asked again. All of it shares the processors of one machine.',
    }
  },
}

function describe(name: string, rounds: readonly Round[]): BenchRow {
  const webs = rounds.flatMap(({ web }) => web ?? [])
  const countOf = (web: WebLoadAnswer, isKnown: (status: number) => boolean) =>
    [...Object.entries(web.cachedStatuses), ...Object.entries(web.heavyStatuses)]
      .filter(([status]) => isKnown(Number(status)))
      .reduce((sum, [, count]) => sum + count, 0)
  const hasHeavy = webs.some(({ heavyMs }) => heavyMs.length > 0)
  return {
    name,
    figures: {
      'rows p50 ms': figureOf(rounds, 0, ({ latency }) => latency.p50),
      'rows p99 ms': figureOf(rounds, 0, ({ latency }) => latency.p99),
      'datagrams lost': figureOf(rounds, 0, ({ lost }) => lost),
      ...(webs.length > 0 && {
        'kept p50 ms': figureOf(webs, 1, ({ cachedMs }) => quantile(cachedMs, 0.5)),
        'kept p99 ms': figureOf(webs, 1, ({ cachedMs }) => quantile(cachedMs, 0.99)),
        refused: figureOf(webs, 0, (web) => countOf(web, (status) => status === 503)),
        failed: figureOf(webs, 0, (web) => countOf(web, (status) => ![200, 503].includes(status))),
        'server peak MB': figureOf(rounds, 0, ({ peakBytes }) => peakBytes / 1e6),
      }),
      ...(hasHeavy && {
        'heavy p50 ms': figureOf(webs, 0, ({ heavyMs }) => quantile(heavyMs, 0.5)),
      }),
    },
  }
}

function measureRound({ size, progress }: Workbench, load: Load | undefined): Promise<Round> {
  const { rows, seconds, rate } = size.web
  return BenchDatabase.with(async (database) => {
    await fillSkewed(database.client, { rows, days: 1, fromMs: FROM_MS }, progress)
    const pipeline = await startPipeline({
      databaseUrl: database.url,
      // The flows of the questions are old, and must stay.
      environment: { RETENTION_DAYS: '0', ROLLUPS: 'off', LOG_LEVEL: 'warn' },
    })
    const web = load && (await WebLoad.start(database.url))
    try {
      const asked =
        web &&
        load &&
        web.run({
          seconds,
          cached: { path: CACHED, rate: load.cachedRate },
          heavy: { path: HEAVY, clients: load.heavyClients },
        })
      const latency = await timeFlows(database, pipeline.port, rate, seconds)
      const answer = await asked
      const lost = await countLost(database)
      return { latency, lost, web: answer, peakBytes: web?.peakBytes ?? Number.NaN }
    } finally {
      await web?.stop()
      await pipeline.stop()
    }
  })
}

/** By the gaps in the sequence numbers: wherever a datagram was lost. */
async function countLost({ client }: BenchDatabase): Promise<number> {
  const { rows } = await client.query(
    'select coalesce(sum(lost), 0)::float8 as lost from exporter_streams',
  )
  return rows[0]?.lost
}
