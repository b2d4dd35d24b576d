-- Up Migration

-- The counters of exporter_streams only grow. Their state at earlier times gives the rates of now and
-- of the last day. The writer notes it every ten minutes, in the background: loading pays nothing.
create table stream_history (
  taken_at timestamptz not null,
  observation_domain bigint not null,
  datagrams bigint not null,
  flow_records bigint not null,
  options_records bigint not null,
  lost bigint,
  late bigint not null,
  duplicates bigint not null,
  strays bigint not null,
  restarts bigint not null,
  expired_sets bigint not null,
  malformed_sets bigint not null,
  implausible_times bigint not null,
  flows_without_rate bigint not null,
  export_version smallint not null,
  exporter inet not null,
  sequence_unit text not null,
  primary key (exporter, export_version, observation_domain, taken_at),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
);
create index stream_history_taken_at_idx on stream_history (taken_at);

alter table templates add column refresh_ms bigint;

-- Down Migration

alter table templates drop column refresh_ms;
drop table stream_history;
