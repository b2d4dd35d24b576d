/** What a batch changed beside its rows, as SQL. */

import { rowsStatements, type Statement } from '../database/statements.ts'
import type { BatchChanges } from './batch-changes.ts'
import { memoryStatements } from './memory-changes.ts'

/** Where a sender of absurd numbers has no more to add: what is counted must not fail. */
const MAX_BIGINT = '9223372036854775807'
const MICROS = `timestamptz 'epoch' + interval '1 microsecond' *`

const UPSERT_EXPORTERS = `
  insert into exporters as known (address, enabled, first_seen, last_seen)
  select address, enabled, ${MICROS} "firstSeenMicros", ${MICROS} "lastSeenMicros"
  from jsonb_to_recordset($1) as heard (
    address inet, enabled boolean, "firstSeenMicros" bigint, "lastSeenMicros" bigint)
  order by address
  on conflict (address) do update
  set last_seen = greatest(known.last_seen, excluded.last_seen)`

// An exporter that an operator has deleted gets no stream until it is heard again. What several
// writers have counted of a stream adds up; where each goes on is its own.
const UPSERT_STREAMS = `
  with changed as materialized (
    select changed.*
    from jsonb_to_recordset($1) as changed (
      exporter inet, "exportVersion" smallint, "observationDomain" bigint,
      "firstSeenMicros" bigint, "lastSeenMicros" bigint,
      datagrams bigint, "flowRecords" bigint, "optionsRecords" bigint, "heldSets" bigint,
      "releasedSets" bigint, "expiredSets" bigint, "malformedSets" bigint,
      "implausibleTimes" bigint, "flowsWithoutRate" bigint, "sequenceUnit" text,
      "nextSequence" bigint, "sequenceState" jsonb, lost bigint, late bigint, duplicates bigint,
      restarts bigint, "clockSkewMs" bigint, "lastTemplateMicros" bigint, "systemInitMs" bigint,
      "suggestedByteOrder" text, "systemInitEstimateMs" bigint, "totalsForgottenMicros" bigint)
    join exporters on exporters.address = changed.exporter
    order by exporter, "exportVersion", "observationDomain"
  ),
  streams as (
    insert into exporter_streams as known (
      exporter, export_version, observation_domain, first_seen, last_seen, datagrams, flow_records,
      options_records, held_sets, released_sets, expired_sets, malformed_sets, implausible_times,
      flows_without_rate, sequence_unit, next_sequence, lost, late, duplicates, restarts,
      clock_skew_ms, last_template_at, system_init_ms, suggested_byte_order,
      system_init_estimate_ms, totals_forgotten_at)
    select
      exporter, "exportVersion", "observationDomain", ${MICROS} "firstSeenMicros",
      ${MICROS} "lastSeenMicros", datagrams, "flowRecords", "optionsRecords", "heldSets",
      "releasedSets", "expiredSets", "malformedSets", "implausibleTimes", "flowsWithoutRate",
      "sequenceUnit", "nextSequence", lost, late, duplicates, restarts, "clockSkewMs",
      ${MICROS} "lastTemplateMicros", "systemInitMs", "suggestedByteOrder",
      "systemInitEstimateMs", ${MICROS} "totalsForgottenMicros"
    from changed
    on conflict (exporter, export_version, observation_domain) do update set
      last_seen = greatest(known.last_seen, excluded.last_seen),
      datagrams = known.datagrams + excluded.datagrams,
      flow_records = known.flow_records + excluded.flow_records,
      options_records = known.options_records + excluded.options_records,
      held_sets = known.held_sets + excluded.held_sets,
      released_sets = known.released_sets + excluded.released_sets,
      expired_sets = known.expired_sets + excluded.expired_sets,
      malformed_sets = known.malformed_sets + excluded.malformed_sets,
      implausible_times = known.implausible_times + excluded.implausible_times,
      flows_without_rate = known.flows_without_rate + excluded.flows_without_rate,
      sequence_unit = excluded.sequence_unit,
      next_sequence = excluded.next_sequence,
      lost = case
        when known.lost is null or excluded.lost is null then coalesce(known.lost, excluded.lost)
        else least(known.lost::numeric + excluded.lost, ${MAX_BIGINT})::bigint
      end,
      late = known.late + excluded.late,
      duplicates = known.duplicates + excluded.duplicates,
      restarts = known.restarts + excluded.restarts,
      clock_skew_ms = coalesce(excluded.clock_skew_ms, known.clock_skew_ms),
      last_template_at = coalesce(excluded.last_template_at, known.last_template_at),
      system_init_ms = coalesce(excluded.system_init_ms, known.system_init_ms),
      suggested_byte_order = excluded.suggested_byte_order,
      system_init_estimate_ms = excluded.system_init_estimate_ms,
      totals_forgotten_at = greatest(known.totals_forgotten_at, excluded.totals_forgotten_at)
  )
  insert into stream_states (
    exporter, export_version, observation_domain, journal, sequence_state)
  select exporter, "exportVersion", "observationDomain", $2, "sequenceState"
  from changed where "sequenceState" is not null
  on conflict (exporter, export_version, observation_domain, journal) do update
  set sequence_state = excluded.sequence_state`

const INSERT_GAPS = `
  insert into sequence_gaps (
    detected_at, exporter, export_version, observation_domain, expected, received, lost, unit,
    journal)
  select
    ${MICROS} "detectedAtMicros", exporter, "exportVersion", "observationDomain", expected,
    received, lost, unit, $2
  from jsonb_to_recordset($1) as declared (
    "detectedAtMicros" bigint, exporter inet, "exportVersion" smallint,
    "observationDomain" bigint, expected bigint, received bigint, lost bigint, unit text)`

/** Stay as they are while the same journal reads the collector. */
const FIRST_REPORT = [
  'first_sent',
  'first_read',
  'first_malformed',
  'first_report',
  'first_lost_bytes',
] as const

const UPSERT_REPORTS = `
  insert into collector_reports as known (
    collector, started_at, reported_at, received, forwarded, queue_dropped, kernel_dropped, final,
    journal, first_sent, first_read, first_malformed, first_report, first_lost_bytes,
    last_read, last_malformed, last_report, last_lost_bytes)
  select
    collector, ${MICROS} "startedAtMicros", ${MICROS} "reportedAtMicros", received, forwarded,
    "queueDropped", "kernelDropped", final, $2, "firstSent", (first->>'datagrams')::bigint,
    (first->>'malformed')::bigint, (first->>'reports')::bigint, (first->>'lostBytes')::bigint,
    (last->>'datagrams')::bigint, (last->>'malformed')::bigint, (last->>'reports')::bigint,
    (last->>'lostBytes')::bigint
  from jsonb_to_recordset($1) as reported (
    collector text, "startedAtMicros" bigint, "reportedAtMicros" bigint, received bigint,
    forwarded bigint, "queueDropped" bigint, "kernelDropped" bigint, final boolean,
    "firstSent" bigint, first jsonb, last jsonb)
  on conflict (collector) do update set
    reported_at = excluded.reported_at, received = excluded.received,
    forwarded = excluded.forwarded, queue_dropped = excluded.queue_dropped,
    kernel_dropped = excluded.kernel_dropped, final = excluded.final,
    journal = excluded.journal, last_read = excluded.last_read,
    last_malformed = excluded.last_malformed, last_report = excluded.last_report,
    last_lost_bytes = excluded.last_lost_bytes,
    ${FIRST_REPORT.map(
      (column) => `
    ${column} = case when known.journal = excluded.journal
      then known.${column} else excluded.${column} end`,
    )}`

/** Makes the statements that write the changes; they belong to a journal. */
export function* changeStatements(changes: BatchChanges, journalId: string): Iterable<Statement> {
  yield* rowsStatements('upsert exporters', UPSERT_EXPORTERS, changes.exporters)
  yield* rowsStatements('upsert streams', UPSERT_STREAMS, changes.streams, journalId)
  yield* rowsStatements('insert gaps', INSERT_GAPS, changes.gaps, journalId)
  yield* rowsStatements(
    'upsert reports',
    UPSERT_REPORTS,
    [...changes.collectorReports.values()],
    journalId,
  )
  yield* memoryStatements(changes, journalId)
}
