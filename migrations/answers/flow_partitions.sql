-- needs: flow_chunks relation_bytes

-- Bounds are read back as the session writes them. A missing bound is infinite.
create or replace view flow_partitions as
select
  partition::regclass as partition,
  since,
  until,
  until <= now() as is_closed,
  greatest(reltuples, 0)::bigint as estimated_flows,
  coalesce(chunk_bytes, relation_bytes(partition)) as total_bytes,
  coalesce(chunk_index_bytes, pg_indexes_size(partition)) as index_bytes,
  (
    select coalesce(array_agg(index.relname::text order by index.relname), '{}')
    from pg_index join pg_class as index on index.oid = indexrelid
    where indrelid = partition and indisvalid
  ) as indexes,
  exists (select from pg_index where indrelid = partition and not indisvalid) as is_building,
  case when is_compressed then 'compressed'
    else coalesce((select amname::text from pg_am where oid = relam), 'none') end as access_method
from (
  select child.oid as partition, child.reltuples, child.relam,
    coalesce(chunk.since, nullif(bounds[1], 'MINVALUE')::timestamptz, '-infinity') as since,
    coalesce(chunk.until, nullif(bounds[2], 'MAXVALUE')::timestamptz, 'infinity') as until,
    chunk.total_bytes as chunk_bytes, chunk.index_bytes as chunk_index_bytes, chunk.is_compressed
  from pg_inherits
  join pg_class as child on child.oid = inhrelid
  left join lateral regexp_match(pg_get_expr(relpartbound, child.oid),
    'FROM \(''?([^'')]+)''?\) TO \(''?([^'')]+)''?\)') as bounds on true
  left join flow_chunks() as chunk on chunk.partition = child.oid
  where inhparent = 'flows'::regclass and not inhdetachpending
) as partitions;
comment on view flow_partitions is 'The partitions of flows, or the chunks where it is a hypertable, with their times, sizes and indexes.';
comment on column flow_partitions.partition is 'Name of the table.';
comment on column flow_partitions.since is 'From this received_at on.';
comment on column flow_partitions.until is 'Up to and without this received_at.';
comment on column flow_partitions.is_closed is 'Whether its time is over. INDEX_ADDRESSES=closed indexes addresses an hour later.';
comment on column flow_partitions.estimated_flows is 'Rows, as the server estimated them last; compressed ones do not count.';
comment on column flow_partitions.total_bytes is 'Bytes on disk, with indexes; of all nodes.';
comment on column flow_partitions.index_bytes is 'Bytes of its indexes.';
comment on column flow_partitions.indexes is 'Its indexes: …_src_addr_idx and …_dst_addr_idx, …_addresses_idx (brin), …_nat_idx.';
comment on column flow_partitions.is_building is 'Whether an index is being built, or was cut short; then it is built anew.';
comment on column flow_partitions.access_method is 'How its rows are stored: heap; columnar, or compressed in a hypertable (COLUMNAR_AFTER_DAYS).';
