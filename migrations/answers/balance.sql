-- needs: exporter_balance pipeline_balance

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
comment on column balance.scope is 'exporter; not registered: all other addresses, and malformed lines; total.';
comment on column balance.exporter is 'Its address; NULL in the other scopes.';
comment on column balance.collector_received is 'Datagrams read from the sockets, as the collectors report.';
comment on column balance.kernel_dropped is 'Datagrams dropped at the receive buffers of the host; NULL: not known.';
comment on column balance.queue_dropped is 'Datagrams dropped by the queue of the collector.';
comment on column balance.lost_in_pipe is 'Datagrams written to the pipe but never read; NULL: not known.';
comment on column balance.received is 'Datagrams and malformed lines that the writer has read from the pipe.';
comment on column balance.decoded is 'Messages that were decoded.';
comment on column balance.held is 'Datagrams that wait for a template now.';
comment on column balance.expired is 'Datagrams of which at least one set was given up.';
comment on column balance.rejected is 'Datagrams that are no message.';
comment on column balance.refused is 'Datagrams refused by policy.';
comment on column balance.duplicates is 'Datagrams that came twice; stored once.';
comment on column balance.records is 'Flow records from the decoder.';
comment on column balance.stored is 'Rows in flows.';
comment on column balance.parked is 'Rows that the database refused.';
comment on column balance.not_stored is 'Records of disabled exporters.';
comment on column balance.difference is 'The part that does not add up: 0.';
comment on column balance.lost_flows is 'Units lost on the way, of streams that count flows; NULL: none does.';
comment on column balance.lost_records is 'Units lost on the way, of streams that count records; NULL: none does.';
comment on column balance.lost_datagrams is 'Units lost on the way, of streams that count datagrams; NULL: none does.';
comment on column balance.lost_records_and_templates is 'Units lost on the way, of streams that count records and templates; NULL: none does.';
comment on column balance.lost_sets is 'Units lost on the way, of streams that count sets; NULL: none does.';
comment on column balance.lost_bidirectional_flows is 'Units lost on the way, of streams that count bidirectional flows; NULL: none does.';
