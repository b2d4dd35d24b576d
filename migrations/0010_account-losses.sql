-- Up Migration

-- An operator may say what an exporter counts, or that it counts nothing.
alter table exporters add column sequence_check text not null default 'auto'
  check (sequence_check in ('auto', 'off', 'none', 'flows', 'flows-inclusive', 'datagrams', 'records',
    'records-inclusive', 'records+templates', 'sets', 'bidirectional-flows',
    'bidirectional-flows-inclusive'));
comment on column exporters.sequence_check is 'auto: the writer learns what the exporter counts; off: its sequence numbers are not judged; else the unit that it counts. The writer notices a change within 5 s.';

alter table exporter_streams add column strays bigint not null default 0;
comment on column exporter_streams.strays is 'Datagrams whose numbers neither the stream nor other datagrams continued: spoofed, or astray.';
comment on column exporter_streams.sequence_unit is 'What the sequence number counts: flows, datagrams, records, records+templates, sets, bidirectional-flows, or none.';
comment on column exporter_streams.lost is 'In sequence_unit; stream_losses has the other units. NULL = not knowable: this version carries no sequence, or no unit explains the numbers.';

-- A stream whose unit was learned anew has losses in several units, which cannot be added up.
create table stream_losses (
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  unit text not null,
  lost bigint not null,
  primary key (exporter, export_version, observation_domain, unit),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
) with (fillfactor = 70);
comment on table stream_losses is 'What each stream has lost, by the unit that it was counted in.';

insert into stream_losses
select exporter, export_version, observation_domain, sequence_unit, lost
from exporter_streams
where lost > 0 and sequence_unit <> 'none';

-- Rows that no unit explains are marked as taken back, not deleted: somebody may have acted on them. An
-- exporter that invents millions of gaps must not fill the disk, so rows are merged.
alter table sequence_gaps
  add column claim integer,
  add column merged bigint,
  add column retracted_at timestamptz;
comment on table sequence_gaps is 'One row per declared gap: lost units from expected up to received.';
comment on column sequence_gaps.claim is 'Gaps of one stream and journal that are taken back together, if they are.';
comment on column sequence_gaps.merged is 'How many gaps the row stands for: beyond 100 rows of a stream and hour (detected_at is its beginning) the others are merged. NULL = one gap.';
comment on column sequence_gaps.retracted_at is 'When the gap was taken back: no unit explains the numbers of the exporter. The totals do not contain it. NULL = it stands.';
create unique index sequence_gaps_merged_idx on sequence_gaps
  (exporter, export_version, observation_domain, journal, unit, detected_at, (retracted_at is null))
  where merged is not null;
-- Claims are looked up by exporter, and people ask for one exporter.
create index sequence_gaps_exporter_idx on sequence_gaps (exporter, detected_at);

create or replace view balance as
with pipelines as (
  select sum(collector_received)::bigint as collector_received,
    case when count(kernel_dropped) = count(collectors) then sum(kernel_dropped)::bigint
      end as kernel_dropped,
    sum(queue_dropped)::bigint as queue_dropped,
    case when count(lost_in_pipe) = count(collectors) then sum(lost_in_pipe)::bigint
      end as lost_in_pipe,
    coalesce(sum(difference), 0)::bigint as difference
  from pipeline_balance
),
losses as (
  select exporter, unit, sum(lost) as lost
  from (
    select exporter, unit, lost from stream_losses
    union all
    -- A stream that is followed and has lost nothing.
    select exporter, sequence_unit, 0 from exporter_streams where lost is not null
  ) as parts
  group by exporter, unit
),
sums as (
  select grouping(exporter) = 1 as is_total, exporter,
    coalesce(sum(received), 0)::bigint as received, coalesce(sum(decoded), 0)::bigint as decoded,
    coalesce(sum(held), 0)::bigint as held, coalesce(sum(expired), 0)::bigint as expired,
    coalesce(sum(rejected), 0)::bigint as rejected, coalesce(sum(refused), 0)::bigint as refused,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    (case when sum(lost_flows) > 9223372036854775807 then 9223372036854775807 else sum(lost_flows) end)::bigint
      as lost_flows,
    (case when sum(lost_records) > 9223372036854775807 then 9223372036854775807 else sum(lost_records) end)::bigint
      as lost_records,
    (case when sum(lost_datagrams) > 9223372036854775807 then 9223372036854775807 else sum(lost_datagrams) end)::bigint
      as lost_datagrams,
    coalesce(sum(records), 0)::bigint as records, coalesce(sum(stored), 0)::bigint as stored,
    coalesce(sum(parked), 0)::bigint as parked, coalesce(sum(not_stored), 0)::bigint as not_stored,
    coalesce(sum(difference), 0)::bigint as difference,
    (case when sum(lost_records_and_templates) > 9223372036854775807 then 9223372036854775807 else sum(lost_records_and_templates) end)::bigint
      as lost_records_and_templates,
    (case when sum(lost_sets) > 9223372036854775807 then 9223372036854775807 else sum(lost_sets) end)::bigint
      as lost_sets,
    (case when sum(lost_bidirectional_flows) > 9223372036854775807 then 9223372036854775807 else sum(lost_bidirectional_flows) end)::bigint
      as lost_bidirectional_flows
  from (
    select exporter, received, decoded, held, expired, rejected, refused, duplicates, records,
      stored, parked, not_stored, difference, null::numeric as lost_flows,
      null::numeric as lost_records, null::numeric as lost_datagrams,
      null::numeric as lost_records_and_templates, null::numeric as lost_sets,
      null::numeric as lost_bidirectional_flows
    from exporter_balance
    union all
    select exporter, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      case unit when 'flows' then lost end,
      case unit when 'records' then lost end,
      case unit when 'datagrams' then lost end,
      case unit when 'records+templates' then lost end,
      case unit when 'sets' then lost end,
      case unit when 'bidirectional-flows' then lost end
    from losses
  ) as parts
  group by grouping sets ((exporter), ())
)
select
  case when is_total then 'total' when exporter is null then 'not registered' else 'exporter' end
    as scope,
  exporter,
  case when is_total then pipelines.collector_received end as collector_received,
  case when is_total then pipelines.kernel_dropped end as kernel_dropped,
  case when is_total then pipelines.queue_dropped end as queue_dropped,
  case when is_total then pipelines.lost_in_pipe end as lost_in_pipe,
  received, decoded, held, expired, rejected, refused, duplicates,
  lost_flows, lost_records, lost_datagrams, records, stored, parked, not_stored,
  case when is_total then pipelines.difference else sums.difference end as difference,
  lost_records_and_templates, lost_sets, lost_bidirectional_flows
from sums cross join pipelines;

-- Down Migration

drop view balance;
delete from sequence_gaps where retracted_at is not null;
drop index sequence_gaps_exporter_idx;
drop index sequence_gaps_merged_idx;
alter table sequence_gaps
  drop column claim,
  drop column merged,
  drop column retracted_at;
comment on table sequence_gaps is 'One row per declared gap: lost units (flows, datagrams or records) from expected up to received.';
drop table stream_losses;
comment on column exporter_streams.lost is 'In sequence_unit; NULL = not knowable (this version carries no sequence).';
comment on column exporter_streams.sequence_unit is 'What the sequence number counts: flows, datagrams, records, or none.';
alter table exporter_streams drop column strays;
alter table exporters drop column sequence_check;

create view balance as
with pipelines as (
  select sum(collector_received)::bigint as collector_received,
    case when count(kernel_dropped) = count(collectors) then sum(kernel_dropped)::bigint
      end as kernel_dropped,
    sum(queue_dropped)::bigint as queue_dropped,
    case when count(lost_in_pipe) = count(collectors) then sum(lost_in_pipe)::bigint
      end as lost_in_pipe,
    coalesce(sum(difference), 0)::bigint as difference
  from pipeline_balance
),
sums as (
  select grouping(exporter) = 1 as is_total, exporter,
    coalesce(sum(received), 0)::bigint as received, coalesce(sum(decoded), 0)::bigint as decoded,
    coalesce(sum(held), 0)::bigint as held, coalesce(sum(expired), 0)::bigint as expired,
    coalesce(sum(rejected), 0)::bigint as rejected, coalesce(sum(refused), 0)::bigint as refused,
    coalesce(sum(duplicates), 0)::bigint as duplicates, sum(lost_flows)::bigint as lost_flows,
    sum(lost_records)::bigint as lost_records, sum(lost_datagrams)::bigint as lost_datagrams,
    coalesce(sum(records), 0)::bigint as records, coalesce(sum(stored), 0)::bigint as stored,
    coalesce(sum(parked), 0)::bigint as parked, coalesce(sum(not_stored), 0)::bigint as not_stored,
    coalesce(sum(difference), 0)::bigint as difference
  from (
    select exporter, received, decoded, held, expired, rejected, refused, duplicates, records,
      stored, parked, not_stored, difference, null::bigint as lost_flows,
      null::bigint as lost_records, null::bigint as lost_datagrams
    from exporter_balance
    union all
    select exporter, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      case sequence_unit when 'flows' then lost end,
      case sequence_unit when 'records' then lost end,
      case sequence_unit when 'datagrams' then lost end
    from exporter_streams
  ) as parts
  group by grouping sets ((exporter), ())
)
select
  case when is_total then 'total' when exporter is null then 'not registered' else 'exporter' end
    as scope,
  exporter,
  case when is_total then pipelines.collector_received end as collector_received,
  case when is_total then pipelines.kernel_dropped end as kernel_dropped,
  case when is_total then pipelines.queue_dropped end as queue_dropped,
  case when is_total then pipelines.lost_in_pipe end as lost_in_pipe,
  received, decoded, held, expired, rejected, refused, duplicates,
  lost_flows, lost_records, lost_datagrams, records, stored, parked, not_stored,
  case when is_total then pipelines.difference else sums.difference end as difference
from sums cross join pipelines;
comment on view balance is 'What came of every datagram and record: a row for each exporter, one for addresses that are not registered, and the total. difference must be 0.';
