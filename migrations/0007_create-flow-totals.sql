-- Up Migration

-- Some exporters send the running totals of a flow at every refresh. A row of flows has the increase
-- since the previous refresh, so the writer needs the previous totals after a restart.
create table flow_totals (
  journal uuid not null references journal_positions on delete cascade,
  exporter inet not null,
  export_version smallint not null,
  observation_domain bigint not null,
  flow_key text collate "C" not null,
  bytes bigint,
  packets bigint,
  flow_start timestamptz,
  exported_at timestamptz not null,
  primary key (journal, exporter, export_version, observation_domain, flow_key),
  foreign key (exporter, export_version, observation_domain)
    references exporter_streams on update cascade on delete cascade
) with (fillfactor = 70);
comment on table flow_totals is 'Running totals (information elements 85, 86) of flows that go on, as last sent.';
comment on column flow_totals.flow_key is 'Flow id (148), else protocol and end points.';
comment on column flow_totals.exported_at is 'Export time of the message, by the exporter''s clock.';

alter table exporter_streams add column totals_forgotten_at timestamptz;
comment on column exporter_streams.totals_forgotten_at is 'Totals of flows last sent up to then may have been forgotten for want of room; bytes and packets of such flows are NULL once, the totals in extra. NULL = never.';

-- Down Migration

alter table exporter_streams drop column totals_forgotten_at;
drop table flow_totals;
