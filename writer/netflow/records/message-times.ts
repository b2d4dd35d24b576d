/** Converts times relative to a message or to the exporter's boot into Unix microseconds. */

/** Microseconds that a number holds exactly: 285 years from 1970 both ways. */
const MAX_TIME_MICROS = Number.MAX_SAFE_INTEGER

/** The reference times of a message for relative times in its records. */
export interface MessageTimes {
  /** Unix microseconds. */
  exportMicros: number
  /** Milliseconds since the exporter's boot at export time; NaN: unknown. */
  uptimeMs: number
  /** Boot time, Unix milliseconds (IPFIX, `systemInitTimeMilliseconds`); NaN: unknown. */
  bootMs: number
  /** Replaces a missing `uptimeMs`: see `boot-estimate.ts`; NaN: no estimate. */
  estimatedUptimeMs: number
}

/**
 * Whether Unix microseconds are a time. They may be negative: a clock that starts in 1970 has flows
 * from before.
 */
export function isTime(micros: number): boolean {
  return Math.abs(micros) <= MAX_TIME_MICROS
}

const TWO_32 = 0x1_0000_0000
/** How far a flow's time may be after the header's uptime (rounding, exporter queues). */
const MAX_AHEAD_MS = 600_000

/**
 * Converts an uptime of the exporter into Unix microseconds. The difference is modulo 2³², which
 * covers the wrap of the uptime after 49.7 days and flows of that age.
 */
export function uptimeToMicros(
  times: Pick<MessageTimes, 'exportMicros' | 'uptimeMs'>,
  switchedMs: number,
): number {
  let ageMs = (times.uptimeMs - switchedMs) >>> 0
  if (ageMs > TWO_32 - MAX_AHEAD_MS) ageMs -= TWO_32
  return times.exportMicros - ageMs * 1000
}

/** No exporter runs longer: beyond it, export time and boot time come from different clocks. */
const MAX_UPTIME_MS = 10 * 365 * 86_400_000

/**
 * Converts milliseconds since a known boot time into Unix microseconds. The export time matters
 * only after a wrap of the uptime, to count the wraps.
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

/**
 * Converts an uptime of the exporter into Unix microseconds, by its boot time, the uptime in the
 * message header, or an estimate. Returns NaN if none is known.
 */
export function switchedToMicros(times: MessageTimes, switchedMs: number): number {
  if (!Number.isNaN(times.bootMs)) return sinceBootToMicros(times, switchedMs)
  if (!Number.isNaN(times.uptimeMs)) return uptimeToMicros(times, switchedMs)
  const { exportMicros, estimatedUptimeMs } = times
  if (Number.isNaN(estimatedUptimeMs)) return Number.NaN
  return uptimeToMicros({ exportMicros, uptimeMs: estimatedUptimeMs }, switchedMs)
}

/**
 * How long before the boot a flow may begin: an exporter that reads a file boots after its flows.
 */
const MAX_BEFORE_BOOT_MS = 86_400_000

/**
 * Whether a flow began before the announced boot: then its time is 2³² ms less. An export time by
 * another clock hides this.
 */
function isBeforeBoot(uptimeMs: number, switchedMs: number): boolean {
  const beforeMs = TWO_32 - switchedMs
  const isAhead = switchedMs - uptimeMs > TWO_32 / 2 && uptimeMs >= -MAX_BEFORE_BOOT_MS
  return isAhead && beforeMs > 0 && beforeMs <= MAX_BEFORE_BOOT_MS
}
