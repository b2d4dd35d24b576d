/** The writer's settings, all checked before anything is opened. */

import { resolve } from 'node:path'
import {
  checkedFile,
  commonSettings,
  databaseUrl,
  integer,
  listOf,
  oneOf,
  readSettings,
  text,
} from '../shared/settings.ts'
import { findElementsProblems } from './elements-file.ts'
import { FLOWS_STORES } from './load/schema/migrate.ts'
import { INDEX_ADDRESSES } from './load/upkeep/address-indexes.ts'
import { isCidr } from './streams/allow-list.ts'
import { EXPORTER_POLICIES } from './streams/exporter-registry.ts'

const DAY_OR_HOUR = ['day', 'hour'] as const
const ON_OR_OFF = ['on', 'off'] as const
const OFF_OR_INTERVAL = ['off', 'interval'] as const

/** Every setting of the writer by its name in the environment. */
export const WRITER_SETTINGS = {
  ...commonSettings,
  DATABASE_URL: databaseUrl().describe(
    'postgres://user:password@host:port/database; empty: PGHOST, PGUSER, …',
  ),
  BATCH_ROWS: integer(20_000, 1, 1_000_000).describe('rows that close a batch'),
  FLUSH_INTERVAL_MS: integer(1_000, 10, 60_000).describe('age that closes a batch'),
  COPY_LANES: integer(2, 1, 16).describe('connections that copy at the same time'),
  JOURNAL_DIR: text('./data/journal').describe(
    "the journal's folder, for one writer and one database",
  ),
  JOURNAL_MAX_BYTES: integer(1_073_741_824, 1_048_576, Number.MAX_SAFE_INTEGER).describe(
    'size at which the writer stops reading the pipe',
  ),
  JOURNAL_SEGMENT_BYTES: integer(67_108_864, 65_536, 1_073_741_824).describe(
    'size of its files, at most a quarter of JOURNAL_MAX_BYTES',
  ),
  JOURNAL_FSYNC: oneOf(OFF_OR_INTERVAL, 'off').describe(
    'off, or interval: flushed to the disk every second, for power cuts',
  ),
  FLOWS_STORE: oneOf(FLOWS_STORES, 'partitioned').describe(
    'partitioned, or hypertable, which takes TimescaleDB: what flows becomes in a new database',
  ),
  RETENTION_DAYS: integer(30, 0, 36_500).describe('older partitions are dropped; 0 keeps all'),
  RETENTION_BYTES: integer(0, 0, Number.MAX_SAFE_INTEGER).describe(
    'the oldest partitions are dropped while flows is larger; 0 is no limit',
  ),
  ARCHIVE_DIR: text('').describe(
    'partitions are dropped only when netflow archive has them there; empty: without an archive',
  ),
  PARTITION_INTERVAL: oneOf(DAY_OR_HOUR, 'day').describe('day or hour'),
  INDEX_ADDRESSES: oneOf(INDEX_ADDRESSES, 'closed').describe(
    'closed, brin or none: when, and how, addresses are indexed',
  ),
  COLUMNAR_AFTER_DAYS: integer(0, 0, 36_500).describe(
    'days after its end until a partition becomes columnar, or a chunk is compressed; 0: never',
  ),
  ROLLUPS: oneOf(ON_OR_OFF, 'on').describe(
    'off: no sums by minute, hour and day; answers read flows',
  ),
  ROLLUP_MINUTE_DAYS: integer(7, 0, 36_500).describe(
    'days that sums by minute are kept; 0 keeps all',
  ),
  ROLLUP_HOUR_DAYS: integer(400, 0, 36_500).describe('the same for sums by hour'),
  ROLLUP_DAY_DAYS: integer(0, 0, 36_500).describe('the same for sums by day'),
  ROLLUP_LIST_HOUR: integer(200, 0, 1_000_000).describe(
    'addresses, services and AS that an hour lists, for each exporter; 0: none',
  ),
  ROLLUP_LIST_DAY: integer(500, 0, 1_000_000).describe('the same for a day'),
  EXPORTER_POLICY: oneOf(EXPORTER_POLICIES, 'open').describe(
    'open, or known: flows of a new exporter wait for an operator',
  ),
  EXPORTER_ALLOW: listOf('an address or a CIDR like 192.0.2.0/24', isCidr)
    .default([])
    .describe('addresses and CIDRs that may export; empty: all'),
  MAX_EXPORTERS: integer(10_000, 1, 1_000_000).describe('further new exporters are refused'),
  ELEMENTS_FILE: checkedFile(findElementsProblems).describe(
    'a CSV file with names and types of enterprise elements',
  ),
  METRICS_PORT: integer(9102, 0, 65_535).describe('port of metrics and health; 0 is off'),
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
    ARCHIVE_DIR: settings.ARCHIVE_DIR && resolve(settings.ARCHIVE_DIR),
    ELEMENTS_FILE: settings.ELEMENTS_FILE && resolve(settings.ELEMENTS_FILE),
  }
}

/** Returns the settings of the loader. */
export function loaderSettings(settings: WriterSettings) {
  return {
    databaseUrl: settings.DATABASE_URL,
    flowsStore: settings.FLOWS_STORE,
    lanes: settings.COPY_LANES,
    partitionInterval: settings.PARTITION_INTERVAL,
    retentionDays: settings.RETENTION_DAYS,
    retentionBytes: settings.RETENTION_BYTES,
    archiveDir: settings.ARCHIVE_DIR,
    indexAddresses: settings.INDEX_ADDRESSES,
    columnarAfterDays: settings.COLUMNAR_AFTER_DAYS,
    rollups: {
      enabled: settings.ROLLUPS === 'on',
      days: {
        minute: settings.ROLLUP_MINUTE_DAYS,
        hour: settings.ROLLUP_HOUR_DAYS,
        day: settings.ROLLUP_DAY_DAYS,
      },
      depths: { hour: settings.ROLLUP_LIST_HOUR, day: settings.ROLLUP_LIST_DAY },
    },
  }
}
