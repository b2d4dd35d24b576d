/** Finds conversations in an archive, like the database's function `conversations_between`. */

export const CONVERSATIONS = `
create macro conversations_between(since_time, until_time) as table
  with ends as (
    select flow.exporter, flow.protocol, is_up,
      case when is_up then src_addr else dst_addr end as low,
      case when is_up then src_port else dst_port end as low_port,
      case when is_up then dst_addr else src_addr end as high,
      case when is_up then dst_port else src_port end as high_port,
      least(coalesce(flow_start, flow_end, received_at), coalesce(flow_end, received_at)) as first,
      greatest(coalesce(flow_start, flow_end, received_at), coalesce(flow_end, received_at)) as last,
      flow.bytes::hugeint * case when sampling_rate > 1 then sampling_rate else 1 end as bytes,
      flow.packets::hugeint * case when sampling_rate > 1 then sampling_rate else 1 end as packets,
      tcp_flags,
      icmp_type in (8, 128) as is_request
    from (
      select *, addr_key(src_addr) < addr_key(dst_addr)
        or src_addr = dst_addr and coalesce(src_port, 0) <= coalesce(dst_port, 0) as is_up
      from flows
      where received_at >= since_time and received_at < until_time
        and src_addr is not null and dst_addr is not null
    ) as flow
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
  select first as started_at, last as ended_at, micros_between(first, last) as duration, told.exporter,
    told.protocol, protocols.name as protocol_name,
    coalesce(lower_service.name, upper_service.name) as service,
    case when is_low_client then low else high end as client,
    case when is_low_client then low_port else high_port end as client_port,
    case when is_low_client then high else low end as server,
    case when is_low_client then high_port else low_port end as server_port,
    case when up_bytes is null then down_bytes else up_bytes + coalesce(down_bytes, 0) end as bytes,
    case when up_packets is null then down_packets else up_packets + coalesce(down_packets, 0) end
      as packets,
    up_flows + down_flows as flows,
    case when is_low_client then up_bytes else down_bytes end as client_bytes,
    case when is_low_client then up_packets else down_packets end as client_packets,
    case when is_low_client then up_flows else down_flows end as client_flows,
    case when told.protocol = 6 then
      tcp_flag_letters(case when is_low_client then up_flags else down_flags end) end as client_flags,
    case when is_low_client then down_bytes else up_bytes end as server_bytes,
    case when is_low_client then down_packets else up_packets end as server_packets,
    case when is_low_client then down_flows else up_flows end as server_flows,
    case when told.protocol = 6 then
      tcp_flag_letters(case when is_low_client then down_flags else up_flags end) end as server_flags,
    told.told_by
  from told
  left join lookups as protocols on protocols.kind = 'protocol'
    and protocols.key = told.protocol::varchar
  left join lookups as lower_service on lower_service.kind = 'service'
    and lower_service.key = told.protocol || ' ' || least(low_port, high_port)
  left join lookups as upper_service on upper_service.kind = 'service'
    and upper_service.key = told.protocol || ' ' || greatest(low_port, high_port);
`
