/**
 * Where the writer's CPU time goes, by part of the program: what the journal costs, too, which cannot
 * be switched off.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BenchDatabase } from './bench-database.ts'
import { type BenchRow, figure } from './bench-table.ts'
import { type CpuProfile, sumByPart } from './cpu-profile.ts'
import type { Instrument, Workbench } from './instrument.ts'
import { interleave } from './interleave.ts'
import { type LineFile, writeLineFile } from './line-file.ts'
import { V5_STREAM, V9_STREAM } from './sample-messages.ts'
import { median } from './spread.ts'
import { runWriter } from './writer-run.ts'

const STREAMS = { v5: V5_STREAM, v9: V9_STREAM } as const
const LANES = 2
/** The clock of the profiler ticks every millisecond unless it is told otherwise. */
const SAMPLING_MICROS = 250
/** Shown however small it is. */
const JOURNAL = 'writer/journal'
/** Other parts with less are added up. */
const SMALL_SHARE = 0.01

/** Shares of the busy time by part. */
type Shares = ReadonlyMap<string, number>

export const PROFILE_BENCH: Instrument = {
  id: 'profile',
  isQuick: false,
  measure: async (workbench) => {
    const { size, progress } = workbench
    const database = await BenchDatabase.create()
    try {
      const profiles = await interleave({
        variants: {
          v5: await profileOf('v5', database, workbench),
          v9: await profileOf('v9', database, workbench),
        },
        rounds: size.rounds,
        warmUp: false,
        onTurn: (name, round) => progress(`${name}, round ${round} of ${size.rounds}`),
      })
      const columns = { 'v5 %': profiles.v5, 'v9 %': profiles.v9 }
      return {
        id: 'profile',
        title: "Where the writer's main thread spends its time, of all that it is busy",
        rowTitle: 'part',
        columns: Object.keys(columns),
        rows: makeRows(columns),
        note:
          'By V8’s profiler: what is innermost on the stack. Bytes go from the pipe into the journal ' +
          'in writer/named-pipe, and back from there in writer/journal.',
      }
    } finally {
      await database.drop()
    }
  },
}

async function profileOf(
  name: keyof typeof STREAMS,
  database: BenchDatabase,
  { size, folder }: Workbench,
): Promise<() => Promise<Shares>> {
  const lines = await writeLineFile(join(folder, `${name}.jsonl`), STREAMS[name], size.writer.rows)
  return () => profileWriter(database, lines, folder)
}

async function profileWriter(
  database: BenchDatabase,
  lines: LineFile,
  parent: string,
): Promise<Shares> {
  const folder = await mkdtemp(join(parent, 'profile-'))
  const nodeOptions = [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-interval=${SAMPLING_MICROS}`,
  ]
  const options = { database, lines, folder: parent, lanes: LANES, nodeOptions }
  const { loading } = await runWriter(options)
  const [file = 'no profile'] = await readdir(folder)
  const profile: CpuProfile = JSON.parse(await readFile(join(folder, file), 'utf8'))
  const sums = sumByPart(profile, loading)
  await rm(folder, { recursive: true })
  const busy = [...sums.values()].reduce((sum, micros) => sum + micros, 0)
  return new Map([...sums].map(([part, micros]) => [part, micros / busy]))
}

function makeRows(columns: Readonly<Record<string, readonly Shares[]>>): BenchRow[] {
  const all = Object.values(columns).flat()
  const parts = [...new Set([JOURNAL, ...all.flatMap((shares) => [...shares.keys()])])]
  const share = (part: string) => median(all.map((shares) => shares.get(part) ?? 0))
  const isShown = (part: string) => share(part) >= SMALL_SHARE || part === JOURNAL
  const shown = parts.filter(isShown).sort((a, b) => share(b) - share(a))
  const rest = parts.filter((part) => !isShown(part))
  const row = (name: string, members: readonly string[]): BenchRow => {
    const sum = (shares: Shares) =>
      members.reduce((total, part) => total + (shares.get(part) ?? 0), 0) * 100
    const figures = Object.entries(columns).map(([title, profiles]) => [
      title,
      figure(profiles.map(sum), 1),
    ])
    return { name, figures: Object.fromEntries(figures) }
  }
  return [...shown.map((part) => row(part, [part])), row('the rest', rest)]
}
