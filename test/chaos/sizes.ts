/** The size of each part of the chaos: as `npm run chaos` runs it, and as `npm run test:long` does. */

export const CHAOS_SIZES = {
  long: {
    storm: { seconds: 120, datagramsPerSecond: 3_000 },
    outage: { datagrams: 200_000, datagramsPerSecond: 4_000 },
    replay: { kills: 50, rounds: 12_000 },
  },
  short: {
    storm: { seconds: 12, datagramsPerSecond: 1_000 },
    outage: { datagrams: 20_000, datagramsPerSecond: 5_000 },
    replay: { kills: 10, rounds: 2_500 },
  },
} as const
