/** pmacct's nfacctd with its plugin for PostgreSQL, configured to load each flow by COPY. */

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreeUdpPort } from '../../helpers/free-port.ts'
import { until } from '../../helpers/until.ts'
import { missingPrograms } from '../../integration/exporters/programs.ts'
import type { BenchDatabase } from '../measure/bench-database.ts'
import { endProcess } from '../measure/end-process.ts'
import { isGroupAlive } from '../measure/process-usage.ts'
import { type CollectorPeer, type RunningPeer, waitForListener } from './collector-peer.ts'

const TABLE = 'nfacctd_flows'
const LOG = 'nfacctd.log'
const EXIT_DEADLINE_MS = 60_000

/** The columns are the keys of aggregation: all fields of v5, so that each flow is a row. */
const CREATE_TABLE = `
  create table if not exists ${TABLE} (
    peer_ip_src inet, iface_in bigint, iface_out bigint, ip_src inet, ip_dst inet,
    mask_src smallint, mask_dst smallint, port_src integer, port_dst integer,
    tcp_flags smallint, ip_proto smallint, tos integer, as_src bigint, as_dst bigint,
    timestamp_start timestamp, timestamp_start_residual integer,
    timestamp_end timestamp, timestamp_end_residual integer,
    packets bigint not null, bytes bigint not null, flows bigint,
    stamp_inserted timestamp, stamp_updated timestamp
  )`

export const NFACCTD_PEER: CollectorPeer = {
  name: 'nfacctd, COPY',
  missing: missingPrograms('nfacctd') || undefined,
  start: async (database, folder) => {
    await database.client.query(CREATE_TABLE)
    await database.client.query(`truncate ${TABLE}`)
    await database.client.query('checkpoint')
    return startNfacctd(database, folder)
  },
}

async function startNfacctd(database: BenchDatabase, folder: string): Promise<RunningPeer> {
  const port = await findFreeUdpPort()
  const path = join(folder, 'nfacctd.conf')
  await writeFile(path, configure(database, folder, port))
  const child = spawn('nfacctd', ['-f', path], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    stdio: 'ignore',
    // A group of its own: it has several processes, some of which outlive the first one.
    detached: true,
  })
  const countStored = async () => {
    const { rows } = await database.client.query(`select count(*)::int as count from ${TABLE}`)
    return rows[0]?.count
  }
  await waitForListener(port)
  return {
    port,
    pids: [child.pid as number],
    countStored,
    stop: async () => {
      await endProcess(child, 'SIGINT')
      const isGone = () => !isGroupAlive(child.pid as number)
      await until('all processes of nfacctd have ended', isGone, EXIT_DEADLINE_MS)
      return countStored()
    },
  }
}

/** Queues and cache are large enough for all flows of the benchmark. */
function configure({ client }: BenchDatabase, folder: string, port: number): string {
  const settings = {
    daemonize: 'false',
    logfile: join(folder, LOG),
    nfacctd_ip: '127.0.0.1',
    nfacctd_port: port,
    nfacctd_pipe_size: 33_554_432,
    nfacctd_time_new: 'true',
    plugins: 'pgsql',
    plugin_pipe_size: 268_435_456,
    plugin_buffer_size: 65_536,
    aggregate:
      'peer_src_ip, in_iface, out_iface, src_host, dst_host, src_mask, dst_mask, src_port, ' +
      'dst_port, tcpflags, proto, tos, src_as, dst_as, timestamp_start, timestamp_end',
    sql_host: client.host,
    sql_port: client.port,
    sql_db: client.database,
    sql_user: client.user,
    sql_passwd: client.password || 'none',
    sql_table: TABLE,
    sql_table_version: 9,
    sql_optimize_clauses: 'true',
    sql_num_protos: 'true',
    sql_dont_try_update: 'true',
    sql_use_copy: 'true',
    sql_refresh_time: 5,
    sql_cache_entries: 399_989,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`)
  return lines.join('')
}
