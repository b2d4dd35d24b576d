-- The extension may be missing, so its function is named only where it exists.
create or replace function relation_bytes(relation regclass) returns bigint
language plpgsql stable
set search_path from current
as $$
declare
  is_distributed boolean := false;
  bytes bigint;
begin
  if to_regclass('pg_dist_partition') is not null then
    execute 'select exists (select from pg_dist_partition where logicalrelid = $1)'
      into is_distributed using relation;
  end if;
  if is_distributed then
    execute 'select citus_total_relation_size($1, false)' into bytes using relation;
  else
    bytes := pg_total_relation_size(relation);
  end if;
  return bytes;
end
$$;
comment on function relation_bytes is 'Bytes of a table on disk, with its indexes; of a distributed one, on all nodes.';
