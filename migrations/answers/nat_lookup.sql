-- needs: nat_mappings

-- Most mappings began shortly before they are asked for. Each step asks for a longer time, with a plan
-- that leaves out all other partitions, as it has the times as constants. Closing events and flows
-- come later than the time in question.
create or replace function nat_lookup(address inet, port integer, at timestamptz)
returns table (
  inside_addr inet,
  inside_port integer,
  protocol smallint,
  protocol_name text,
  since timestamptz,
  until timestamptz,
  event_name text,
  first_port integer,
  last_port integer,
  dst_addr inet,
  dst_port integer,
  exporter inet,
  exporter_name text,
  received_at timestamptz
)
language plpgsql stable parallel safe rows 10
set search_path from current
set plan_cache_mode = force_custom_plan
as $$
declare
  step interval;
  received_since timestamptz;
  received_until timestamptz := nat_lookup.at + interval '1 day';
begin
  foreach step in array array['1 day', '30 days', '50 years']::interval[]
  loop
    received_since := nat_lookup.at - step;
    return query select * from nat_mappings(
      nat_lookup.address, nat_lookup.port, nat_lookup.at, received_since, received_until);
    if found then return; end if;
  end loop;
end
$$;
comment on function nat_lookup is 'Who was behind a public address and port at a time: the mappings in force, the newest first. NULL in until: no end was seen. On partitions that have ended an index answers in milliseconds (INDEX_ADDRESSES); today''s flows are read.';
