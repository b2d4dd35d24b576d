-- Up Migration

alter table exporter_streams add column system_init_estimate_ms bigint;
comment on column exporter_streams.system_init_estimate_ms is 'The same, worked out from its flows where it has not said so: the running minimum of export time less end, Unix milliseconds; uptimes of these flows are in extra as well.';

-- Down Migration

alter table exporter_streams drop column system_init_estimate_ms;
