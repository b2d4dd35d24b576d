-- Bounds are read back as the session writes them. A missing bound is infinite.
create or replace view flow_partitions as
select
  partition::regclass as partition,
  since,
  until,
  until <= now() as is_closed,
  greatest(reltuples, 0)::bigint as estimated_flows,
  pg_total_relation_size(partition) as total_bytes,
  pg_indexes_size(partition) as index_bytes,
  (select array_agg(indexrelid::regclass::text order by indexrelid) from pg_index
    where indrelid = partition and indisvalid and obj_description(indexrelid, 'pg_class') ~ '^Built on the closed partition')
    as closed_indexes,
  exists (select from pg_index where indrelid = partition and not indisvalid) as is_building
from (
  select child.oid as partition, child.reltuples,
    coalesce(nullif(bounds[1], 'MINVALUE')::timestamptz, '-infinity') as since,
    coalesce(nullif(bounds[2], 'MAXVALUE')::timestamptz, 'infinity') as until
  from pg_inherits
  join pg_class as child on child.oid = inhrelid
  left join lateral regexp_match(pg_get_expr(relpartbound, child.oid),
    'FROM \(''?([^'')]+)''?\) TO \(''?([^'')]+)''?\)') as bounds on true
  where inhparent = 'flows'::regclass and not inhdetachpending
) as partitions;
