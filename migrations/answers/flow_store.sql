-- needs: flow_partitions flow_store_kind

create or replace view flow_store as
select kind, partitions, compressed_partitions, total_bytes, detail
from flow_store_kind()
cross join (
  select count(*) as partitions,
    count(*) filter (where access_method in ('columnar', 'compressed')) as compressed_partitions,
    coalesce(sum(total_bytes), 0)::bigint as total_bytes
  from flow_partitions
) as sums;
comment on view flow_store is 'What the table of flows is, in one row.';
comment on column flow_store.kind is 'partitioned; citus: distributed over nodes; hypertable: of TimescaleDB; table: none of these.';
comment on column flow_store.partitions is 'Partitions, or chunks.';
comment on column flow_store.compressed_partitions is 'Those of them that are columnar or compressed.';
comment on column flow_store.total_bytes is 'Bytes on disk, with indexes; of all nodes.';
comment on column flow_store.detail is 'How it is cut: partition_key; distribution_column, shards and nodes; dimension and chunk_interval.';
