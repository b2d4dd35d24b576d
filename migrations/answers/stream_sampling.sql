create or replace view stream_sampling as
select
  stream.exporter,
  stream.export_version,
  stream.observation_domain,
  coalesce(known.rates, exporters.sampling_override::text, exporters.sampling_default::text)
    as rates,
  case
    when known.source = 'configured' or known.source is null
      and coalesce(exporters.sampling_override, exporters.sampling_default) is not null
      then 'set in exporters'
    when known.source is not null then known.source
    when stream.flow_records > stream.flows_without_rate then 'in the records'
    else 'unknown'
  end as source
from exporter_streams as stream
join exporters on exporters.address = stream.exporter
left join lateral (
  select string_agg(distinct sampling_rate::text, ', ') as rates,
    string_agg(distinct source, ', ') as source
  from (
    -- An override goes before all others; a default comes after them.
    select *, rank() over (order by scope = 'override' desc, scope = 'default') as place
    from samplers
    where samplers.exporter = stream.exporter
      and samplers.export_version = stream.export_version
      and samplers.observation_domain = stream.observation_domain
  ) as ranked
  where place = 1
) as known on true;
comment on view stream_sampling is 'The sampling rates that apply to a stream now, and where they come from.';
comment on column stream_sampling.exporter is 'Address of the exporter.';
comment on column stream_sampling.export_version is 'Version of the protocol.';
comment on column stream_sampling.observation_domain is 'Part of the exporter.';
comment on column stream_sampling.rates is 'The rates, several if samplers or interfaces differ; NULL: none is known, or each record has its own.';
comment on column stream_sampling.source is 'Elements of options data, message header, in the records, set in exporters, or unknown.';
