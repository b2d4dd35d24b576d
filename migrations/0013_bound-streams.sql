-- Up Migration

-- A stream that was forgotten to make room for others begins anew when it is heard again. Its claims
-- must differ from its earlier ones, so their numbers begin with the time in microseconds.
alter table sequence_gaps alter column claim type bigint;

alter table exporter_streams add column refused_sets bigint not null default 0;
comment on column exporter_streams.refused_sets is 'Sets and templates that were not read, because the exporter sent too many of a costly kind in a second.';

-- Down Migration

alter table exporter_streams drop column refused_sets;
alter table sequence_gaps alter column claim type integer using (claim % 2147483647)::integer;
