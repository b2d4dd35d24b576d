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
comment on column exporter_balance.journal is 'The pipeline: see journal_positions.';
comment on column exporter_balance.exporter is 'Its address; NULL: all that are not registered, and malformed lines.';
comment on column exporter_balance.received is 'Datagrams and malformed lines that the writer has read from the pipe.';
comment on column exporter_balance.decoded is 'Messages that were decoded.';
comment on column exporter_balance.held is 'Datagrams that wait for a template now.';
comment on column exporter_balance.expired is 'Datagrams of which at least one set was given up.';
comment on column exporter_balance.rejected is 'Datagrams that are no message.';
comment on column exporter_balance.refused is 'Datagrams refused by policy.';
comment on column exporter_balance.duplicates is 'Datagrams that came twice; stored once.';
comment on column exporter_balance.records is 'Flow records from the decoder.';
comment on column exporter_balance.stored is 'Rows in flows.';
comment on column exporter_balance.parked is 'Rows that the database refused.';
comment on column exporter_balance.not_stored is 'Records of disabled exporters.';
comment on column exporter_balance.difference is 'The part that does not add up: 0.';
