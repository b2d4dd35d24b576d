-- needs: tcp_flag_letters flow_service protocol_name

-- Flows of both directions have the same end points in one order, low and high. Grouping by these
-- scalars takes a third of the time of grouping by rows. Flows of one pair with a pause of less than a
-- minute belong together: an answer starts after its question has ended, and later ones reuse ports.
create or replace function conversations_between(since timestamptz, until timestamptz)
returns table (
  started_at timestamptz,
  ended_at timestamptz,
  duration interval,
  exporter inet,
  protocol smallint,
  protocol_name text,
  service text,
  client inet,
  client_port integer,
  server inet,
  server_port integer,
  bytes numeric,
  packets numeric,
  flows bigint,
  client_bytes numeric,
  client_packets numeric,
  client_flows bigint,
  client_flags text,
  server_bytes numeric,
  server_packets numeric,
  server_flows bigint,
  server_flags text,
  told_by text
)
language sql stable parallel safe rows 10000
begin atomic
  with ends as (
    select flow.exporter, flow.protocol, is_up,
      case when is_up then src_addr else dst_addr end as low,
      case when is_up then src_port else dst_port end as low_port,
      case when is_up then dst_addr else src_addr end as high,
      case when is_up then dst_port else src_port end as high_port,
      least(coalesce(flow_start, flow_end, received_at), coalesce(flow_end, received_at)) as first,
      greatest(coalesce(flow_start, flow_end, received_at), coalesce(flow_end, received_at)) as last,
      case when sampling_rate > 1 then flow.bytes::numeric * sampling_rate else flow.bytes end as bytes,
      case when sampling_rate > 1 then flow.packets::numeric * sampling_rate else flow.packets end
        as packets,
      tcp_flags,
      icmp_type in (8, 128) as is_request
    from flows as flow
    cross join lateral (
      select src_addr < dst_addr
        or src_addr = dst_addr and coalesce(src_port, 0) <= coalesce(dst_port, 0) as is_up
    ) as orientation
    where received_at >= conversations_between.since and received_at < conversations_between.until
      and src_addr is not null and dst_addr is not null
  ),
  begun as (
    select *, coalesce(first > max(last) over earlier + interval '1 minute', true) as is_first
    from ends
    window earlier as (
      partition by exporter, protocol, low, low_port, high, high_port
      order by first rows between unbounded preceding and 1 preceding)
  ),
  numbered as (
    select *, count(*) filter (where is_first) over (
      partition by exporter, protocol, low, low_port, high, high_port
      order by first rows between unbounded preceding and current row) as number
    from begun
  ),
  sums as (
    select exporter, protocol, low, low_port, high, high_port, number,
      min(first) as first, max(last) as last,
      min(first) filter (where is_up) as up_first,
      min(first) filter (where not is_up) as down_first,
      bool_or(is_request) filter (where is_up) as up_request,
      bool_or(is_request) filter (where not is_up) as down_request,
      count(*) filter (where is_up) as up_flows, count(*) filter (where not is_up) as down_flows,
      sum(bytes) filter (where is_up) as up_bytes, sum(bytes) filter (where not is_up) as down_bytes,
      sum(packets) filter (where is_up) as up_packets,
      sum(packets) filter (where not is_up) as down_packets,
      bit_or(tcp_flags) filter (where is_up) as up_flags,
      bit_or(tcp_flags) filter (where not is_up) as down_flags
    from numbered
    group by exporter, protocol, low, low_port, high, high_port, number
  ),
  judged as (
    select *,
      case
        when up_request is distinct from down_request and (up_request or down_request) then 'request'
        when (low_port < 1024) <> (high_port < 1024) then 'port'
        when up_first <> down_first then 'first flow'
        when low_port <> high_port then 'lower port'
        else 'sender'
      end as told_by
    from sums
  ),
  told as (
    select *,
      case judged.told_by
        when 'request' then coalesce(up_request, false)
        when 'port' then high_port < 1024
        when 'first flow' then up_first < down_first
        when 'lower port' then high_port < low_port
        else up_flows > 0
      end as is_low_client
    from judged
  )
  select first, last, last - first, told.exporter, told.protocol, protocol_name(told.protocol),
    flow_service(told.protocol, low_port, high_port),
    case when is_low_client then low else high end,
    case when is_low_client then low_port else high_port end,
    case when is_low_client then high else low end,
    case when is_low_client then high_port else low_port end,
    case when up_bytes is null then down_bytes else up_bytes + coalesce(down_bytes, 0) end,
    case when up_packets is null then down_packets else up_packets + coalesce(down_packets, 0) end,
    up_flows + down_flows,
    case when is_low_client then up_bytes else down_bytes end,
    case when is_low_client then up_packets else down_packets end,
    case when is_low_client then up_flows else down_flows end,
    case when told.protocol = 6 then
      tcp_flag_letters(case when is_low_client then up_flags else down_flags end) end,
    case when is_low_client then down_bytes else up_bytes end,
    case when is_low_client then down_packets else up_packets end,
    case when is_low_client then down_flows else up_flows end,
    case when told.protocol = 6 then
      tcp_flag_letters(case when is_low_client then down_flags else up_flags end) end,
    told.told_by
  from told;
end;
comment on function conversations_between is 'Conversations among the flows received from since up to and without until: both directions in one row. told_by says how client and server were told apart: by an ICMP request, by a port below 1024, by the first flow, or by the lower port; sender: one direction only, without ports.';
