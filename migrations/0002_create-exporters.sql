-- Up Migration

create table exporters (
  address inet primary key,
  name text,
  enabled boolean not null default true,
  first_seen timestamptz not null,
  last_seen timestamptz not null
);
comment on column exporters.enabled is 'Flows of a disabled exporter are not stored; the writer notices a change within 5 s.';

create table exporter_streams (
  exporter inet not null references exporters (address) on update cascade on delete cascade,
  export_version smallint not null,
  observation_domain bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  datagrams bigint not null default 0,
  flow_records bigint not null default 0,
  options_records bigint not null default 0,
  held_sets bigint not null default 0,
  released_sets bigint not null default 0,
  expired_sets bigint not null default 0,
  malformed_sets bigint not null default 0,
  implausible_times bigint not null default 0,
  sequence_unit text not null,
  next_sequence bigint,
  sequence_state jsonb,
  lost bigint,
  late bigint not null default 0,
  duplicates bigint not null default 0,
  restarts bigint not null default 0,
  clock_skew_ms bigint,
  last_template_at timestamptz,
  primary key (exporter, export_version, observation_domain)
);
comment on column exporter_streams.lost is 'In sequence_unit; NULL = not knowable (this version carries no sequence).';
comment on column exporter_streams.sequence_unit is 'What the sequence number counts: flows, datagrams, records, or none.';
comment on column exporter_streams.clock_skew_ms is 'Median of receive time minus export time; stored times are not shifted.';

create table sequence_gaps (
  id bigint generated always as identity primary key,
  detected_at timestamptz not null,
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  expected bigint not null,
  received bigint not null,
  lost bigint not null,
  unit text not null
);
create index sequence_gaps_detected_at_idx on sequence_gaps (detected_at);
comment on table sequence_gaps is 'One row per declared gap: lost units (flows, datagrams or records) from expected up to received.';

-- Down Migration

drop table sequence_gaps;
drop table exporter_streams;
drop table exporters;
