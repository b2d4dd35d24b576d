/**
 * The table `stream_history`: the counters of `exporter_streams` as they were at earlier times, which
 * the views of health compare with the present ones.
 */

import type pg from 'pg'

const COUNTERS = `exporter, export_version, observation_domain, datagrams, flow_records,
  options_records, lost, late, duplicates, strays, restarts, expired_sets, malformed_sets,
  implausible_times, flows_without_rate, sequence_unit`

/** Streams whose counters have not changed since their last note are left out. */
const NOTE = `
  insert into stream_history (taken_at, ${COUNTERS})
  select now(), ${COUNTERS} from exporter_streams as stream
  where not exists (select from stream_history where taken_at > now() - interval '9 minutes')
    and not exists (
      select from stream_history as history
      where history.exporter = stream.exporter and history.export_version = stream.export_version
        and history.observation_domain = stream.observation_domain
        and (history.datagrams, history.expired_sets, history.strays)
          = (stream.datagrams, stream.expired_sets, stream.strays)
        and history.lost is not distinct from stream.lost)
  on conflict do nothing`

/**
 * Keeps all notes of the last hour, one of each hour of a week, one of each day before that, and the
 * newest one older than 400 days: the bins of loss_ledger lie between them.
 */
const THIN = `
  delete from stream_history as history
  where taken_at < now() - interval '70 minutes' and exists (
    select from stream_history as newer
    where newer.exporter = history.exporter and newer.export_version = history.export_version
      and newer.observation_domain = history.observation_domain
      and newer.taken_at > history.taken_at
      and (date_trunc('hour', newer.taken_at) = date_trunc('hour', history.taken_at)
        or history.taken_at < now() - interval '7 days'
          and date_trunc('day', newer.taken_at) = date_trunc('day', history.taken_at)
        or newer.taken_at <= now() - interval '400 days'))`

/** Notes the counters unless that was done within ten minutes, by this writer or another. */
export async function noteStreamHistory(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query(NOTE)
  if (rowCount) await client.query(THIN)
}
