create or replace function drop_reason(forwarding_status smallint) returns text
language sql immutable parallel safe
return case when forwarding_status between 128 and 191 then coalesce(jsonb '{
  "129": "denied by access list", "130": "dropped by access list", "131": "no route",
  "132": "no adjacency", "133": "too long and not to be fragmented", "134": "bad header checksum",
  "135": "bad total length", "136": "bad header length", "137": "hop limit reached",
  "138": "policer", "139": "queue management (WRED)", "140": "reverse path check",
  "141": "addressed to the router", "142": "bad output interface", "143": "hardware"
}' ->> forwarding_status::text, 'not said')
end;
comment on function drop_reason is 'Why a router dropped the packets of a flow, by its forwarding status (IE 89); NULL: it did not drop them.';
