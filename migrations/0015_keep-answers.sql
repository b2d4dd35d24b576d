-- Up Migration

-- The definitions of views and functions are in the folder answers, each in a file of its own. The
-- migration command applies all of them whenever one has changed.
create table answer_definitions (
  name text primary key,
  hash text not null
);
comment on table answer_definitions is 'The views and functions of the folder migrations/answers, as they were applied last.';
comment on column answer_definitions.name is 'The view or function, and its file.';
comment on column answer_definitions.hash is 'SHA-256 of the file; empty: an earlier migration has created it.';

insert into answer_definitions values
  ('collector_balance', ''), ('exporter_balance', ''), ('pipeline_balance', ''), ('balance', '');

-- Down Migration

drop table answer_definitions;

-- The migrations before this one created the views of the balance, and drop them again.
-- A report comes in the pipe directly after the datagrams that it counts. Between the first and the
-- latest report the writer must have read as many datagrams as the collector has put there.
create or replace view collector_balance as
select collector, journal, started_at, reported_at, state, received, kernel_dropped, queue_dropped,
  sent, read, malformed,
  -- Nobody knows whether a malformed line was a datagram.
  case when read is not null then greatest(sent - read - malformed, 0) end as lost_in_pipe,
  case when read > sent then read - sent
    when lost_bytes > 0 then 0
    when read is not null then greatest(sent - read - malformed, 0) end as difference,
  lost_bytes
from (
  select *,
    case
      when final then 'stopped'
      when max(first_report) over (partition by journal) > last_report then 'vanished'
      when reported_at < now() - interval '1 minute' then 'silent'
      else 'running'
    end as state,
    received - queue_dropped - first_sent as sent,
    case when is_alone then last_read - first_read end as read,
    case when is_alone then last_malformed - first_malformed end as malformed,
    last_lost_bytes - first_lost_bytes as lost_bytes
  from (
    select *,
      first_report is not null
        and coalesce(max(last_report) over (
          in_order rows between unbounded preceding and 1 preceding) < first_report, true)
        and coalesce(lead(first_report) over in_order > last_report, true) as is_alone
    from collector_reports
    window in_order as (partition by journal order by first_report)
  ) as reports
) as judged;
comment on view collector_balance is 'Each start of a collector, up to its latest report.';
comment on column collector_balance.state is 'running; stopped: with a final report; silent: no report for a minute; vanished: another one has started since. What the last two received after their latest report is not known.';
comment on column collector_balance.sent is 'Datagrams that it has put into the pipe between its first and its latest report.';
comment on column collector_balance.read is 'Datagrams that the writer has read between these reports; NULL: not known, another collector wrote into the same pipe.';
comment on column collector_balance.lost_bytes is 'Bytes of the journal between these reports that could not be read; what stood there is in lost_in_pipe.';

create or replace view exporter_balance as
select journal, exporter,
  received, decoded, held, expired, rejected, refused, duplicates,
  records, stored, parked, not_stored,
  abs(received - decoded - held - expired - rejected - refused - duplicates)
    + abs(held - waiting)
    + abs(records - stored - parked - not_stored) as difference
from (
  select journal, exporter,
    sum(received)::bigint as received, sum(decoded)::bigint as decoded, sum(held)::bigint as held,
    sum(expired)::bigint as expired, sum(rejected)::bigint as rejected,
    sum(refused)::bigint as refused, sum(duplicates)::bigint as duplicates,
    sum(records)::bigint as records, sum(stored)::bigint as stored, sum(parked)::bigint as parked,
    sum(not_stored)::bigint as not_stored, sum(waiting)::bigint as waiting
  from (
    select journal, exporter, received, decoded, held, expired, 0 as rejected, 0 as refused,
      duplicates, records, stored, parked, not_stored, 0 as waiting
    from exporter_counts
    union all
    select journal, exporter, 0, 0, 0, 0,
      case when outcome = 'rejected' then datagrams else 0 end,
      case when outcome = 'refused' then datagrams else 0 end, 0, 0, 0, 0, 0, 0
    from rejected_datagrams
    union all
    select journal, exporter, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(distinct message)
    from held_sets where message is not null group by journal, exporter
  ) as counts
  group by journal, exporter
) as counted;
comment on view exporter_balance is 'The balance of each exporter in each pipeline.';

create or replace view pipeline_balance as
select journal, collectors, collector_received, kernel_dropped, queue_dropped, lost_in_pipe,
  datagram_lines + malformed_lines as read, coalesce(received, 0) as received,
  coalesce(stored, 0) as stored, copied_rows,
  coalesce(exporters.difference, 0)
    + abs(datagram_lines + malformed_lines - coalesce(received, 0))
    + abs(copied_rows - coalesce(stored, 0))
    + coalesce(reports.difference, 0) as difference
from journal_positions
left join (
  select journal, sum(received)::bigint as received, sum(stored)::bigint as stored,
    sum(difference)::bigint as difference
  from exporter_balance group by journal
) as exporters using (journal)
left join (
  select journal, count(*) as collectors, sum(received)::bigint as collector_received,
    case when count(kernel_dropped) = count(*) then sum(kernel_dropped)::bigint end as kernel_dropped,
    sum(queue_dropped)::bigint as queue_dropped,
    case when count(lost_in_pipe) = count(*) and count(*) filter (where state in ('silent', 'vanished')) = 0
      then sum(lost_in_pipe)::bigint end as lost_in_pipe,
    sum(difference)::bigint as difference
  from collector_balance group by journal
) as reports using (journal);
comment on view pipeline_balance is 'The balance of each pipeline: a collector, its pipe and its writer.';
comment on column pipeline_balance.lost_in_pipe is 'NULL: not known for all starts of its collectors; collector_balance has the rest.';
comment on column pipeline_balance.copied_rows is 'Rows of flows, as the server has counted them.';

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
comment on view balance is 'What came of every datagram and record: a row for each exporter, one for addresses that are not registered, and the total. difference must be 0.';
