create or replace function jsonb_address(value jsonb) returns inet
language sql immutable parallel safe
return case when value #>> '{}' ~ '^[0-9a-f.:]+$' and value #>> '{}' ~ '[.:]' then (value #>> '{}')::inet end;
comment on function jsonb_address is 'An address among the other fields of a flow; NULL: none, or bytes that are no address.';
