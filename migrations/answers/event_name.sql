create or replace function event_name(event integer, is_nat boolean) returns text
language sql immutable parallel safe
return case when is_nat then jsonb '{
    "1": "NAT create", "2": "NAT delete", "3": "NAT addresses exhausted", "4": "NAT44 create",
    "5": "NAT44 delete", "6": "NAT64 create", "7": "NAT64 delete", "8": "NAT44 binding create",
    "9": "NAT44 binding delete", "10": "NAT64 binding create", "11": "NAT64 binding delete",
    "12": "NAT ports exhausted", "13": "quota exceeded", "14": "address binding create",
    "15": "address binding delete", "16": "port block allocate", "17": "port block release",
    "18": "threshold reached"
  }' ->> event::text
  else jsonb '{
    "1": "created", "2": "deleted", "3": "denied", "4": "alert", "5": "update"
  }' ->> event::text
end;
comment on function event_name is 'Name of an event of a firewall (IE 233), or, with is_nat, of a NAT device (IE 230).';
