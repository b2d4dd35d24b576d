/** How much each instrument measures: in the smallest, in a short, and in a full run. */

/** Rows are flows, rates are datagrams per second. */
export interface BenchSize {
  /** Measured rounds of everything that takes turns. */
  readonly rounds: number
  readonly warmUp: boolean
  /** Datagrams decoded in one pass. */
  readonly codecDatagrams: number
  readonly writer: {
    /** Number of streams to measure. */
    readonly streams: number
    /** Flows of each stream. */
    readonly rows: number
  }
  readonly journalRows: number
  readonly collector: {
    /** Sizes of datagrams. A v5 datagram with 30 flows, the maximum, has 1,464 bytes. */
    readonly bytes: readonly number[]
    /** The rates at which CPU is measured. */
    readonly rates: readonly number[]
    /** Datagrams before each measurement of CPU, until all code is compiled. */
    readonly warmUp: number
    readonly seconds: number
    /** The first and the last rate of the search, and how often it halves the interval. */
    readonly searchFrom: number
    readonly searchTo: number
    readonly searchSteps: number
    readonly searches: number
  }
  /** Datagrams per second; 0: none come. */
  readonly ordinary: {
    readonly rates: readonly number[]
    readonly seconds: number
    /** Datagrams before the first measurement, until all code is compiled. */
    readonly warmUp: number
    readonly rounds: number
  }
  readonly latency: {
    readonly rates: readonly number[]
    readonly flushIntervalsMs: readonly number[]
    readonly seconds: number
    readonly rounds: number
  }
  /** Flows of each stream: as many lines in the stream of one flow a datagram. */
  readonly replay: {
    readonly lines: number
    readonly rounds: number
    /** Flows of a round 0, which is thrown away; 0: none. */
    readonly warmUpLines: number
  }
  readonly memoryRows: number
  readonly growth: {
    readonly rows: number
    readonly exporters: readonly number[]
    readonly templates: readonly number[]
    readonly presentRows: number
  }
  /** The choices differ by less than the noise of a round, so they need more rounds. */
  readonly table: { readonly rows: number; readonly rounds: number }
  readonly rollups: {
    /** Flows that are loaded, over some minutes. */
    readonly rows: number
  }
  readonly answers: {
    /** Flows of all days; BENCH_ANSWER_ROWS and BENCH_ANSWER_DAYS replace both. */
    readonly rows: number
    /** Partitions. */
    readonly days: number
  }
  readonly web: {
    /** Flows that are asked about. */
    readonly rows: number
    /** Datagrams a second through the pipeline meanwhile. */
    readonly rate: number
    readonly seconds: number
    readonly rounds: number
    /** Questions a second that have a kept answer. */
    readonly cachedRate: number
    readonly heavyClients: number
  }
  readonly peers: {
    readonly rows: number
    readonly rate: number
    /** Flows before the measurement, until all code is compiled. */
    readonly warmUpRows: number
    /** A peer that stores nothing for this long is asked to end. */
    readonly restMs: number
  }
}

export const BENCH_SIZES = {
  tiny: {
    rounds: 1,
    warmUp: false,
    codecDatagrams: 50,
    writer: { streams: 1, rows: 3_000 },
    journalRows: 3_000,
    collector: {
      bytes: [1_464],
      rates: [500],
      warmUp: 100,
      seconds: 0.2,
      searchFrom: 500,
      searchTo: 500,
      searchSteps: 0,
      searches: 1,
    },
    ordinary: { rates: [0, 100], seconds: 0.5, warmUp: 100, rounds: 1 },
    latency: { rates: [100], flushIntervalsMs: [100], seconds: 0.5, rounds: 1 },
    replay: { lines: 3_000, rounds: 1, warmUpLines: 0 },
    memoryRows: 60_000,
    growth: { rows: 3_000, exporters: [10], templates: [], presentRows: 3_000 },
    table: { rows: 1_000, rounds: 1 },
    rollups: { rows: 3_000 },
    answers: { rows: 3_000, days: 3 },
    web: { rows: 3_000, rate: 200, seconds: 1, rounds: 1, cachedRate: 200, heavyClients: 10 },
    peers: { rows: 3_000, rate: 500, warmUpRows: 1_500, restMs: 200 },
  },
  short: {
    rounds: 5,
    warmUp: true,
    codecDatagrams: 500,
    writer: { streams: 2, rows: 400_000 },
    journalRows: 400_000,
    collector: {
      bytes: [1_464, 200],
      rates: [100_000],
      warmUp: 40_000,
      seconds: 0.5,
      searchFrom: 80_000,
      searchTo: 1_280_000,
      searchSteps: 1,
      searches: 1,
    },
    ordinary: { rates: [0, 100, 1_000], seconds: 3, warmUp: 4_000, rounds: 3 },
    latency: { rates: [100, 5_000], flushIntervalsMs: [1_000], seconds: 1, rounds: 5 },
    replay: { lines: 400_000, rounds: 5, warmUpLines: 100_000 },
    memoryRows: 1_000_000,
    growth: { rows: 150_000, exporters: [100], templates: [100], presentRows: 1_000_000 },
    table: { rows: 100_000, rounds: 5 },
    rollups: { rows: 200_000 },
    answers: { rows: 500_000, days: 5 },
    web: {
      rows: 200_000,
      rate: 2_000,
      seconds: 10,
      rounds: 3,
      cachedRate: 1_000,
      heavyClients: 50,
    },
    peers: { rows: 150_000, rate: 2_000, warmUpRows: 150_000, restMs: 6_000 },
  },
  full: {
    rounds: 5,
    warmUp: true,
    codecDatagrams: 1_000,
    writer: { streams: 4, rows: 1_200_000 },
    journalRows: 1_200_000,
    collector: {
      bytes: [1_464, 200],
      rates: [10_000, 100_000],
      warmUp: 150_000,
      seconds: 2,
      searchFrom: 10_000,
      searchTo: 1_280_000,
      searchSteps: 4,
      searches: 5,
    },
    ordinary: { rates: [0, 100, 1_000], seconds: 10, warmUp: 10_000, rounds: 5 },
    latency: { rates: [100, 5_000], flushIntervalsMs: [1_000, 100], seconds: 5, rounds: 5 },
    replay: { lines: 10_000_000, rounds: 2, warmUpLines: 400_000 },
    memoryRows: 10_000_000,
    growth: {
      rows: 600_000,
      exporters: [100, 10_000],
      templates: [100, 1_000],
      presentRows: 10_000_000,
    },
    table: { rows: 300_000, rounds: 15 },
    rollups: { rows: 600_000 },
    answers: { rows: 3_000_000, days: 30 },
    web: {
      rows: 1_000_000,
      rate: 2_000,
      seconds: 60,
      rounds: 3,
      cachedRate: 1_000,
      heavyClients: 50,
    },
    peers: { rows: 600_000, rate: 2_000, warmUpRows: 600_000, restMs: 6_000 },
  },
} as const satisfies Record<string, BenchSize>

export type BenchSizeName = keyof typeof BENCH_SIZES
