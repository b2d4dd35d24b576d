create or replace function jsonb_port(value jsonb) returns integer
language sql immutable parallel safe
return case when jsonb_typeof(value) = 'number'
  then case when value::numeric between 0 and 65535 then value::integer end end;
comment on function jsonb_port is 'A port among the other fields of a flow; NULL: none, or no number of a port.';
