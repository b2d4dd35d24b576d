/** The shape that all instruments of the benchmark share. */

import type { BenchRow } from '../measure/bench-table.ts'
import type { BenchSize } from '../sizes.ts'

/** The size, the folder and the progress of a run. */
export interface Workbench {
  readonly size: BenchSize
  /** The folder for temporary files; the caller removes it. */
  readonly folder: string
  /** Reports the current step on stderr. */
  readonly progress: (text: string) => void
}

export interface Measurement {
  readonly rows: readonly BenchRow[]
  /** How the figures were measured, as far as a reader must know. */
  readonly note: string
}

export interface Instrument {
  /** Its name on the command line and in the results. */
  readonly id: string
  /** The title of its table. */
  readonly title: string
  /** Title of the column with the names of the rows. */
  readonly rowTitle: string
  /** Whether it is part of the short run. */
  readonly isQuick: boolean
  /** @throws when it cannot measure on this machine, with the reason */
  readonly measure: (workbench: Workbench) => Promise<Measurement>
}
