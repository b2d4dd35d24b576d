-- The decoder writes all groups of an IPv6 address, 2001:db8:0:0:0:0:0:1; the database shortens them.
-- An index of texts needs the texts.
create or replace function jsonb_address_texts(address inet) returns text[]
language sql immutable parallel safe
return array[host(address), (
  select string_agg(to_hex(get_byte(octets, 2 * number) * 256 + get_byte(octets, 2 * number + 1)), ':'
    order by number)
  from (select substring(inet_send(address) from 5) as octets) as sent
  cross join generate_series(0, 7) as number
  where family(address) = 6
)];
comment on function jsonb_address_texts is 'The texts by which an address may stand among the other fields of a flow.';
