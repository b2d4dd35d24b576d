/** What every instrument has and is given: the shape that the benchmark's parts share. */

import type { BenchTable } from '../measure/bench-table.ts'
import type { BenchSize } from '../sizes.ts'

/** Where an instrument works. */
export interface Workbench {
  readonly size: BenchSize
  /** A folder for temporary files of the whole run. */
  readonly folder: string
  /** Says on stderr what is being done. */
  readonly progress: (text: string) => void
}

export interface Instrument {
  /** Names it on the command line and in the results. */
  readonly id: string
  /** In a run of two minutes, too. */
  readonly isQuick: boolean
  /** Measures; leaves nothing behind. @throws when it cannot measure, with the reason */
  readonly measure: (workbench: Workbench) => Promise<BenchTable>
}
