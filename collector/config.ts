/** The collector's settings and their defaults. */

import { address, commonSettings, integer, listOf, readSettings } from '../shared/settings.ts'

const MAX_PORT = 65_535

/** A comma list of UDP ports; the kernel chooses one for each 0, and the log names it. */
const ports = listOf('a UDP port from 0 to 65535', isPort)
  .refine((entries) => entries.length > 0, 'expected at least one UDP port')
  .refine((entries) => findRepeated(entries) === undefined, {
    error: ({ input }) => `port ${findRepeated(input as string[])} is named twice`,
  })
  .transform((entries) => entries.map(Number))
  .default([2055])
  .describe('UDP ports, e.g. 2055,4739')

/** Every setting of the collector by its name in the environment. */
export const COLLECTOR_SETTINGS = {
  ...commonSettings,
  NETFLOW_HOST: address('::').describe('listening address; :: accepts IPv4, too'),
  NETFLOW_PORT: ports,
  UDP_RECEIVE_BUFFER_BYTES: integer(33_554_432, 4096, 1_073_741_824).describe(
    'requested for each socket; a warning says when the kernel grants less',
  ),
  COLLECTOR_QUEUE_BYTES: integer(67_108_864, 4096, 68_719_476_736).describe(
    'memory for datagrams while the pipe is full',
  ),
  METRICS_PORT: integer(9101, 0, MAX_PORT).describe('port of metrics and health; 0 is off'),
}

/**
 * Reads the collector's settings.
 *
 * @throws SettingsError that lists every problem.
 */
export function readCollectorSettings(environment: NodeJS.ProcessEnv) {
  return readSettings(COLLECTOR_SETTINGS, environment)
}

/** The settings under the names of their environment variables. */
export type CollectorSettings = ReturnType<typeof readCollectorSettings>

function isPort(entry: string): boolean {
  return /^\d{1,5}$/.test(entry) && Number(entry) <= MAX_PORT
}

function findRepeated(entries: readonly string[]): number | undefined {
  const numbers = entries.map(Number)
  return numbers.find((port, index) => port !== 0 && numbers.indexOf(port) !== index)
}
