-- needs: service_name

create or replace function flow_service(protocol smallint, src_port integer, dst_port integer)
returns text
language sql immutable parallel safe
return coalesce(
  service_name(protocol, least(src_port, dst_port)),
  service_name(protocol, greatest(src_port, dst_port)));
comment on function flow_service is 'Name of the service of a flow: that of the lower port, else that of the other one.';
