/** Turns times that are relative to a message or to the exporter's boot into Unix microseconds. */

/** Microseconds that a number holds exactly: 285 years from 1970 both ways. */
const MAX_TIME_MICROS = Number.MAX_SAFE_INTEGER

/** The times of the message that relative times of its records count from. */
export interface MessageTimes {
  /** Unix microseconds. */
  exportMicros: number
  /** Milliseconds since the exporter's boot at export time; NaN when that is unknown. */
  uptimeMs: number
  /** When the exporter booted, Unix milliseconds (IPFIX, 160); NaN when that is unknown. */
  bootMs: number
  /** What stands in for a missing `uptimeMs`: see `boot-estimate.ts`; NaN when there is none. */
  estimatedUptimeMs: number
}

/** Tells whether Unix microseconds are a time; a clock that starts in 1970 has flows before it. */
export function isTime(micros: number): boolean {
  return Math.abs(micros) <= MAX_TIME_MICROS
}

const TWO_32 = 0x1_0000_0000
/** A switched time may lie this long after the header's uptime (rounding, exporter queues). */
const MAX_AHEAD_MS = 600_000

/**
 * Turns a time of the exporter's uptime into Unix microseconds. The difference is taken modulo 2³²,
 * which covers the wrap of the uptime after 49.7 days and flows of that age.
 */
export function uptimeToMicros(
  times: Pick<MessageTimes, 'exportMicros' | 'uptimeMs'>,
  switchedMs: number,
): number {
  let ageMs = (times.uptimeMs - switchedMs) >>> 0
  if (ageMs > TWO_32 - MAX_AHEAD_MS) ageMs -= TWO_32
  return times.exportMicros - ageMs * 1000
}

/** Nothing runs for longer: then the export time and the boot time are of different clocks. */
const MAX_UPTIME_MS = 10 * 365 * 86_400_000

/**
 * Turns milliseconds since a known boot time into Unix microseconds. Only an exporter that runs for
 * so long that they have wrapped needs the export time to tell how often.
 */
export function sinceBootToMicros(
  { exportMicros, bootMs }: Pick<MessageTimes, 'exportMicros' | 'bootMs'>,
  switchedMs: number,
): number {
  const uptimeMs = Math.round(exportMicros / 1000) - bootMs
  const hasWrapped = uptimeMs >= TWO_32 && uptimeMs <= MAX_UPTIME_MS
  if (hasWrapped) return uptimeToMicros({ exportMicros, uptimeMs }, switchedMs)
  return (bootMs + (isBeforeBoot(uptimeMs, switchedMs) ? switchedMs - TWO_32 : switchedMs)) * 1000
}

/** An exporter that reads a file may boot so long after the flows that it sees; more is no boot. */
const MAX_BEFORE_BOOT_MS = 86_400_000

/**
 * A flow may have begun before the exporter says that it booted: then its time is 2³² ms less. Where
 * the export time is of another clock, nothing tells so.
 */
function isBeforeBoot(uptimeMs: number, switchedMs: number): boolean {
  const beforeMs = TWO_32 - switchedMs
  const isAhead = switchedMs - uptimeMs > TWO_32 / 2 && uptimeMs >= -MAX_BEFORE_BOOT_MS
  return isAhead && beforeMs > 0 && beforeMs <= MAX_BEFORE_BOOT_MS
}
