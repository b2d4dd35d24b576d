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
