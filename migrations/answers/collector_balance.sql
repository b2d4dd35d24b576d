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
comment on column collector_balance.collector is 'One start of a collector.';
comment on column collector_balance.journal is 'The pipeline: see journal_positions.';
comment on column collector_balance.started_at is 'When it started.';
comment on column collector_balance.reported_at is 'When it last reported.';
comment on column collector_balance.received is 'Datagrams read from the sockets.';
comment on column collector_balance.kernel_dropped is 'Datagrams dropped at the receive buffers of the host; NULL: not known.';
comment on column collector_balance.queue_dropped is 'Datagrams dropped by the queue of the collector.';
comment on column collector_balance.malformed is 'Lines between these reports that could not be read.';
comment on column collector_balance.lost_in_pipe is 'Datagrams written to the pipe but never read; NULL: not known.';
comment on column collector_balance.difference is 'The part that does not add up: 0.';
