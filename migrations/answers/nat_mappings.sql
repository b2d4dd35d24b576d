-- needs: nat_events jsonb_address_texts

-- The first conditions are those of the index that closed partitions have (nat_idx). Ports that are
-- not in the index belong to blocks and to mappings of whole addresses.
create or replace function nat_mappings(
  address inet, port integer, at timestamptz, received_since timestamptz, received_until timestamptz)
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
language sql stable parallel safe rows 10
begin atomic
  with found as (
    select * from nat_events as event
    where coalesce(event.extra ->> 'postNATSourceIPv4Address', event.extra ->> 'postNATSourceIPv6Address',
        event.extra ->> 'xlateSourceAddressIPv4') = any(jsonb_address_texts(nat_mappings.address))
      and (coalesce(event.extra ->> 'postNAPTSourceTransportPort', event.extra ->> 'xlateSourcePort')
          = nat_mappings.port::text
        or coalesce(event.extra ->> 'postNAPTSourceTransportPort', event.extra ->> 'xlateSourcePort')
          is null)
      and event.received_at >= nat_mappings.received_since
      and event.received_at < nat_mappings.received_until
      and kind <> 'exhausted'
      and (outside_port is not null or event.first_port is null
        or nat_mappings.port between event.first_port and event.last_port)
  ),
  spans as (
    select mapping.*,
      case when kind = 'open' then event_at else flow_start end as since,
      case when kind <> 'open' then coalesce(flow_end, event_at)
        else (
          select min(later.event_at) from found as later
          where later.event_at >= mapping.event_at
            and later.protocol is not distinct from mapping.protocol
            and later.first_port is not distinct from mapping.first_port
            and (
              -- Its end; or a mapping to somebody else, which shows that its end was lost.
              later.kind = 'close' and later.inside_addr = mapping.inside_addr
                and later.inside_port is not distinct from mapping.inside_port
              or later.kind = 'open' and later.event_at > mapping.event_at
                and (later.inside_addr, later.inside_port)
                  is distinct from (mapping.inside_addr, mapping.inside_port)
                and later.dst_addr is not distinct from mapping.dst_addr)
        )
      end as until
    from found as mapping
  )
  select spans.inside_addr, spans.inside_port, spans.protocol, spans.protocol_name, spans.since,
    spans.until, spans.event_name, spans.first_port, spans.last_port, spans.dst_addr, spans.dst_port,
    spans.exporter, spans.exporter_name, spans.received_at
  from spans
  where spans.since <= nat_mappings.at and coalesce(spans.until >= nat_mappings.at, true)
  order by spans.since desc;
end;
comment on function nat_mappings is 'What nat_lookup() finds in one step, in flows received since and until.';
