-- Up Migration

-- Several pipelines may load into one database, even from the same exporter. The state of a stream's
-- sequence belongs to the journal of one pipeline; the counters of exporter_streams add up all.
create table stream_states (
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  journal uuid not null references journal_positions on delete cascade,
  sequence_state jsonb not null,
  primary key (exporter, export_version, observation_domain, journal),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
) with (fillfactor = 70);
comment on table stream_states is 'Where each writer goes on in the sequence of a stream after a restart.';

insert into stream_states
select exporter, export_version, observation_domain, latest.journal, sequence_state
from exporter_streams
cross join (select journal from journal_positions order by updated_at desc limit 1) as latest
where sequence_state is not null;
alter table exporter_streams drop column sequence_state;
comment on column exporter_streams.next_sequence is 'As the writer that has heard the stream last expects it.';

alter table sequence_gaps add column journal uuid;
comment on column sequence_gaps.journal is 'The writer that missed it; NULL: not known.';

-- Lines that a writer has read from its pipe, and rows that the server has stored, counted where it
-- happens. The tables below count the outcomes.
alter table journal_positions
  add column datagram_lines bigint not null default 0,
  add column malformed_lines bigint not null default 0,
  add column report_lines bigint not null default 0,
  add column copied_rows bigint not null default 0;
comment on column journal_positions.datagram_lines is 'Lines of the pipe that held a datagram.';
comment on column journal_positions.copied_rows is 'Rows of flows, as the server has counted them.';

create table exporter_counts (
  journal uuid not null references journal_positions on delete cascade,
  exporter inet,
  received bigint not null default 0,
  decoded bigint not null default 0,
  held bigint not null default 0,
  expired bigint not null default 0,
  duplicates bigint not null default 0,
  records bigint not null default 0,
  stored bigint not null default 0,
  parked bigint not null default 0,
  not_stored bigint not null default 0,
  unique nulls not distinct (journal, exporter)
) with (fillfactor = 70);
comment on table exporter_counts is 'What came of each datagram and record; see the view balance.';
comment on column exporter_counts.exporter is 'NULL: addresses that are not registered, and lines that are no datagram.';

create table rejected_datagrams (
  journal uuid not null references journal_positions on delete cascade,
  exporter inet,
  outcome text not null check (outcome in ('rejected', 'refused')),
  reason text not null,
  datagrams bigint not null,
  unique nulls not distinct (journal, exporter, outcome, reason)
) with (fillfactor = 70);
comment on table rejected_datagrams is 'Datagrams that are no message (rejected), or were not taken by choice (refused), by reason.';

alter table held_sets add column message bigint;
comment on column held_sets.message is 'Number of the datagram among those of its journal; NULL: it is counted as expired, as another of its sets was given up.';

alter table collector_reports
  add column journal uuid references journal_positions on delete set null,
  add column first_sent bigint,
  add column first_read bigint,
  add column first_malformed bigint,
  add column first_report bigint,
  add column last_read bigint,
  add column last_malformed bigint,
  add column last_report bigint;
comment on column collector_reports.journal is 'The writer that read the reports.';
comment on column collector_reports.first_sent is 'Datagrams that stood in the pipe before the first report: received minus dropped by the queue.';
comment on column collector_reports.first_read is 'datagram_lines of the journal where it read the first report; last_read: the latest.';
comment on column collector_reports.first_report is 'report_lines of the journal there.';

-- A report comes in the pipe directly after the datagrams that it counts. Between the first and the
-- latest report the writer must have read as many datagrams as the collector has put there.
create view collector_balance as
select collector, journal, started_at, reported_at, state, received, kernel_dropped, queue_dropped,
  sent, read, malformed,
  -- Nobody knows whether a malformed line was a datagram.
  case when read is not null then greatest(sent - read - malformed, 0) end as lost_in_pipe,
  case when read > sent then read - sent
    when read is not null then greatest(sent - read - malformed, 0) end as difference
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
    case when is_alone then last_malformed - first_malformed end as malformed
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

create view exporter_balance as
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

create view pipeline_balance as
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

-- Down Migration

drop view balance, pipeline_balance, exporter_balance, collector_balance;
alter table collector_reports
  drop column journal,
  drop column first_sent,
  drop column first_read,
  drop column first_malformed,
  drop column first_report,
  drop column last_read,
  drop column last_malformed,
  drop column last_report;
alter table held_sets drop column message;
drop table rejected_datagrams;
drop table exporter_counts;
alter table journal_positions
  drop column datagram_lines,
  drop column malformed_lines,
  drop column report_lines,
  drop column copied_rows;
alter table sequence_gaps drop column journal;
alter table exporter_streams add column sequence_state jsonb;
comment on column exporter_streams.next_sequence is null;
update exporter_streams as stream set sequence_state = state.sequence_state
from stream_states as state
where state.exporter = stream.exporter and state.export_version = stream.export_version
  and state.observation_domain = stream.observation_domain
  and state.journal = (select journal from journal_positions order by updated_at desc limit 1);
drop table stream_states;
