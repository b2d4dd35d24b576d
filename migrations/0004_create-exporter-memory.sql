-- Up Migration

-- The writer needs these tables to decode after a restart. Each batch writes them in its own
-- transaction, so they always match the rows and the position.
alter table exporter_streams add column system_init_ms bigint;
comment on column exporter_streams.system_init_ms is 'When the exporter booted (IPFIX element 160), Unix milliseconds; NULL = it has not said so.';

create table templates (
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  template_id integer not null,
  source_port integer not null,
  kind text not null check (kind in ('flows', 'options')),
  fields jsonb not null,
  scope_fields integer not null,
  status text not null check (status in ('confirmed', 'restored', 'unconfirmed')),
  first_seen timestamptz not null,
  defined_at timestamptz not null,
  last_seen timestamptz not null,
  redefinitions integer not null,
  definition_hash text not null,
  previous_hash text,
  primary key (exporter, export_version, observation_domain, template_id, source_port),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
comment on table templates is 'How exporters describe their records: what is in force.';
comment on column templates.source_port is '0, or the UDP source port that has templates of its own because several exporters behind one address contradict each other.';
comment on column templates.fields is 'List of [enterprise number, information element, length]; enterprise -1: a scope type of v9; length 65535: variable.';
comment on column templates.scope_fields is 'How many of the fields are scopes.';
comment on column templates.status is 'confirmed; restored: in use, not repeated since the writer was restarted; unconfirmed: nor since the exporter was.';
comment on column templates.last_seen is 'Accurate to 5 minutes.';
comment on column templates.previous_hash is 'definition_hash of the definition before this one; NULL = there was none.';

create table samplers (
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  scope text not null check (scope in ('sampler', 'interface', 'template', 'domain', 'header')),
  scope_value bigint not null,
  sampling_rate bigint not null,
  mode smallint,
  algorithm smallint,
  source text not null,
  status text not null check (status in ('confirmed', 'restored', 'unconfirmed')),
  last_seen timestamptz not null,
  primary key (exporter, export_version, observation_domain, scope, scope_value),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
comment on table samplers is 'Sampling rates as exporters announce them.';
comment on column samplers.scope is 'What the rate applies to; header: what the message header of v5 says, where nothing else is known.';
comment on column samplers.scope_value is 'Sampler id (its name is in names), ifIndex or template id; 0 for domain and header.';
comment on column samplers.mode is 'Information element 35 or 49: 1 deterministic, 2 random.';
comment on column samplers.algorithm is 'Information element 304.';
comment on column samplers.source is 'The information elements or the header field that the rate was read from.';
comment on column samplers.last_seen is 'Accurate to 5 minutes.';

create table names (
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  kind text not null check (kind in ('interface', 'application', 'sampler')),
  key text not null,
  name text not null,
  primary key (exporter, export_version, observation_domain, kind, key),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
comment on table names is 'Names that exporters give to what they number.';
comment on column names.key is 'ifIndex, application id in hex, or sampler id.';

create table held_sets (
  journal uuid not null references journal_positions on delete cascade,
  id bigint not null,
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  template_id integer not null,
  source_port integer not null,
  received_at timestamptz not null,
  exported_at timestamptz not null,
  uptime_ms bigint,
  sequence bigint not null,
  content bytea not null,
  primary key (journal, id),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
create index held_sets_stream_idx on held_sets (exporter, export_version, observation_domain);
comment on table held_sets is 'Data sets that wait for their template, in the order of arrival.';
comment on column held_sets.content is 'The set without its header.';
comment on column held_sets.uptime_ms is 'sysUptime of its message; NULL where the version has none.';

-- Down Migration

drop table held_sets;
drop table names;
drop table samplers;
drop table templates;
alter table exporter_streams drop column system_init_ms;
