-- Up Migration

-- Exporters behind one address may define a template differently. The writer tells them apart by their
-- source ports, also after a restart, so it has to know which ports have sent a definition.
alter table templates
  add column ports jsonb not null default '[]',
  add column contradicted boolean not null default false;
comment on column templates.source_port is '0: for every source port without a definition of its own; else the UDP source port that the definition is in force for.';
comment on column templates.ports is 'Source ports that have sent this definition, at most 8.';
comment on column templates.contradicted is 'Whether another source port that was heard afterwards defines the id differently: data of a port without a definition of its own is held.';
update templates set ports = jsonb_build_array(source_port), contradicted = true where source_port > 0;

-- The sampling rate of one of them must not scale the flows of another.
alter table samplers add column source_port integer not null default 0;
alter table samplers drop constraint samplers_pkey;
alter table samplers add primary key
  (exporter, export_version, observation_domain, source_port, scope, scope_value);
comment on column samplers.source_port is '0: for every source port without samplers of its own; else the UDP source port of one of several exporters behind one address.';

-- Exporters behind a relay share one source port, too.
alter table exporter_streams add column mixed_templates_at timestamptz;
comment on column exporter_streams.mixed_templates_at is 'When definitions of a template from one source port last contradicted each other: rows of that time may be misread. NULL = never.';

-- Down Migration

alter table exporter_streams drop column mixed_templates_at;
delete from samplers where source_port > 0;
alter table samplers drop constraint samplers_pkey;
alter table samplers add primary key
  (exporter, export_version, observation_domain, scope, scope_value);
alter table samplers drop column source_port;
comment on column templates.source_port is '0, or the UDP source port that has templates of its own because several exporters behind one address contradict each other.';
alter table templates drop column contradicted, drop column ports;
