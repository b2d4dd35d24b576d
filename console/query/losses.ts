/** Questions about what is missing, and about the state of the exporters. */

import type { Sql } from './sql.ts'

interface LossQuestion {
  readonly since: string
  readonly until: string
  /** Addresses or names; none: all. */
  readonly exporters: readonly string[]
}

const CHOSEN = `(cardinality($3::text[]) = 0 or host(exporter) = any($3) or exporter in (
    select address from exporters where name = any($3)))`

/** Selects what each stream sent and lost; with a step, in bins. */
export function ledgerQuery({
  since,
  until,
  exporters,
  step,
}: LossQuestion & { step?: string }): Sql {
  return {
    text: `
      select * from loss_ledger($1, $2, $4) where ${CHOSEN}
      order by bucket, exporter, export_version, observation_domain, unit`,
    values: [since, until, exporters, step ?? null],
  }
}

/** Selects the newest `limit` gaps (0: all), the oldest of them first. */
export function gapsQuery({
  since,
  until,
  exporters,
  limit,
}: LossQuestion & { limit: number }): Sql {
  return {
    text: `
      select * from (
        select sequence_gaps.*, exporters.name as exporter_name
        from sequence_gaps left join exporters on address = exporter
        where detected_at >= $1 and detected_at < $2 and retracted_at is null and ${CHOSEN}
        order by detected_at desc, id desc limit nullif($4::bigint, 0)
      ) as newest order by detected_at, id`,
    values: [since, until, exporters, limit],
  }
}

/** Selects the state of each stream, with advice. */
export function healthQuery(exporters: readonly string[]): Sql {
  return {
    text: `
      select health.*, extract(epoch from silent_for) as silent_seconds,
        extract(epoch from clock_skew) as clock_skew_seconds, sampling_rates as sampling,
        to_json(health.advice) as advice
      from exporter_health as health
      where cardinality($1::text[]) = 0 or host(exporter) = any($1) or exporter_name = any($1)
      order by exporter, export_version, observation_domain`,
    values: [exporters],
  }
}

/** Selects all exporters, or one. */
export function exportersQuery(address: string | null = null): Sql {
  return {
    text: `
      select exporters.*,
        (select string_agg(distinct 'v' || export_version, ' ')
          from exporter_streams where exporter = address) as versions,
        (select json_agg(prefix order by prefix)
          from exporter_prefixes where exporter = address) as prefixes
      from exporters where $1::inet is null or address = $1::inet order by address`,
    values: [address],
  }
}
