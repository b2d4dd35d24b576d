-- needs: exporter_balance collector_balance

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
comment on column pipeline_balance.journal is 'The pipeline: see journal_positions.';
comment on column pipeline_balance.collectors is 'Starts of collectors that wrote into its pipe.';
comment on column pipeline_balance.collector_received is 'Datagrams read from the sockets, as the collectors report.';
comment on column pipeline_balance.kernel_dropped is 'Datagrams dropped at the receive buffers of the host; NULL: not known.';
comment on column pipeline_balance.queue_dropped is 'Datagrams dropped by the queue of the collector.';
comment on column pipeline_balance.read is 'Lines with a datagram, and malformed lines.';
comment on column pipeline_balance.received is 'Datagrams and malformed lines, by exporter.';
comment on column pipeline_balance.stored is 'Rows in flows.';
comment on column pipeline_balance.difference is 'The part that does not add up: 0.';
