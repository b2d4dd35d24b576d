/** The writer's settings, all checked before anything is opened. */

import { resolve } from 'node:path'
import { commonSettings, integer, listOf, oneOf, readSettings, text } from '../shared/settings.ts'
import { INDEX_ADDRESSES } from './load/partitions/partition-indexes.ts'
import { isCidr } from './streams/allow-list.ts'
import { EXPORTER_POLICIES } from './streams/exporter-registry.ts'

const DAY_OR_HOUR = ['day', 'hour'] as const
const ON_OR_OFF = ['on', 'off'] as const
const OFF_OR_INTERVAL = ['off', 'interval'] as const

/** Every setting of the writer by its name in the environment. */
export const WRITER_SETTINGS = {
  ...commonSettings,
  DATABASE_URL: text(''),
  BATCH_ROWS: integer(20_000, 1, 1_000_000),
  FLUSH_INTERVAL_MS: integer(1_000, 10, 60_000),
  COPY_LANES: integer(2, 1, 16),
  JOURNAL_DIR: text('./data/journal'),
  JOURNAL_MAX_BYTES: integer(1_073_741_824, 1_048_576, Number.MAX_SAFE_INTEGER),
  JOURNAL_SEGMENT_BYTES: integer(67_108_864, 65_536, 1_073_741_824),
  JOURNAL_FSYNC: oneOf(OFF_OR_INTERVAL, 'off'),
  RETENTION_DAYS: integer(30, 0, 36_500),
  PARTITION_INTERVAL: oneOf(DAY_OR_HOUR, 'day'),
  INDEX_ADDRESSES: oneOf(INDEX_ADDRESSES, 'closed'),
  ROLLUPS: oneOf(ON_OR_OFF, 'on'),
  ROLLUP_MINUTE_DAYS: integer(7, 0, 36_500),
  ROLLUP_HOUR_DAYS: integer(400, 0, 36_500),
  ROLLUP_DAY_DAYS: integer(0, 0, 36_500),
  ROLLUP_LIST_HOUR: integer(200, 0, 1_000_000),
  ROLLUP_LIST_DAY: integer(500, 0, 1_000_000),
  EXPORTER_POLICY: oneOf(EXPORTER_POLICIES, 'open'),
  EXPORTER_ALLOW: listOf('an address or a CIDR like 192.0.2.0/24', isCidr).default([]),
  MAX_EXPORTERS: integer(10_000, 1, 1_000_000),
  METRICS_PORT: integer(9102, 0, 65_535),
}

export type WriterSettings = ReturnType<typeof readWriterSettings>

/**
 * Reads the settings; paths become absolute.
 *
 * @throws SettingsError that lists every problem
 */
export function readWriterSettings(environment: NodeJS.ProcessEnv) {
  const settings = readSettings(WRITER_SETTINGS, environment)
  return {
    ...settings,
    NAMED_PIPE_FILENAME: resolve(settings.NAMED_PIPE_FILENAME),
    JOURNAL_DIR: resolve(settings.JOURNAL_DIR),
  }
}
