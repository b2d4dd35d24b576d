-- An address of a wrong length is hex, which no cast takes.
create or replace function jsonb_address(value jsonb) returns inet
language sql immutable parallel safe
return case
  when value #>> '{}' ~ '^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\.(?!$)|$)){4}$'
    or value #>> '{}' ~ '^[0-9a-f:]*:[0-9a-f]*:[0-9a-f:.]*$' then (value #>> '{}')::inet
end;
comment on function jsonb_address is 'An address among the other fields of a flow; NULL: none, or bytes that are no address.';
