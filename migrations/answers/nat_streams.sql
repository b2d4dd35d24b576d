-- The column event holds firewall events (233) and NAT events (230), whose numbers overlap. The
-- templates of a stream show which of the two it sends.
create or replace view nat_streams as
select exporter, export_version, observation_domain
from templates
where fields @? 'strict $[*] ? (@[0] == 0 && @[1] == 230)'
  and not exists (
    select from templates as other
    where other.exporter = templates.exporter and other.export_version = templates.export_version
      and other.observation_domain = templates.observation_domain
      and other.fields
        @? 'strict $[*] ? (@[0] == 0 && (@[1] == 233 || @[1] == 40005 || @[1] == 33002))')
group by exporter, export_version, observation_domain;
comment on view nat_streams is 'Streams whose column event is a NAT event (230), not a firewall event (233).';
comment on column nat_streams.exporter is 'Address of the exporter.';
comment on column nat_streams.export_version is 'Version of the protocol: 9, or 10 for IPFIX.';
comment on column nat_streams.observation_domain is 'Source id of v9, observation domain of IPFIX.';
