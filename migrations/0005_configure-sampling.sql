-- Up Migration

-- An operator may correct the sampling rate that an exporter announces. A rate fits in 32 bits.
alter table exporters
  add column sampling_override bigint check (sampling_override between 1 and 4294967295),
  add column sampling_default bigint check (sampling_default between 1 and 4294967295),
  add column sampling_byte_order text not null default 'network'
    check (sampling_byte_order in ('network', 'little'));
comment on column exporters.sampling_override is 'Sampling rate of all its flows, whatever it says; the writer notices a change within 5 s.';
comment on column exporters.sampling_default is 'Sampling rate of its flows where nothing else says one.';
comment on column exporters.sampling_byte_order is 'Of sampling rates in its data records; little: as MikroTik RouterOS 6 sends them.';

alter table exporter_streams
  add column flows_without_rate bigint not null default 0,
  add column suggested_byte_order text;
comment on column exporter_streams.flows_without_rate is 'Flows stored while no sampling rate was known: their sampling_rate is NULL.';
comment on column exporter_streams.suggested_byte_order is 'little: sampling rates in its records are far too large, and small with their bytes swapped; see exporters.sampling_byte_order.';

alter table samplers drop constraint samplers_scope_check;
alter table samplers add constraint samplers_scope_check
  check (scope in ('override', 'sampler', 'interface', 'template', 'domain', 'header', 'default'));
comment on table samplers is 'Sampling rates as exporters announce them, and as an operator has configured them.';
comment on column samplers.scope is 'What the rate applies to, the first that fits: override and default are configured in exporters; header: what the message header of v5 and v6 says.';
comment on column samplers.scope_value is 'Sampler id (its name is in names), ifIndex or template id; else 0.';
comment on column samplers.mode is 'Information element 35 or 49, or the top two bits of the header: 1 deterministic, 2 random.';
comment on column samplers.source is 'The information elements or the header field that the rate was read from; or configured.';

-- Down Migration

delete from samplers where scope in ('override', 'default');
alter table samplers drop constraint samplers_scope_check;
alter table samplers add constraint samplers_scope_check
  check (scope in ('sampler', 'interface', 'template', 'domain', 'header'));
alter table exporter_streams drop column suggested_byte_order, drop column flows_without_rate;
alter table exporters
  drop column sampling_byte_order, drop column sampling_default, drop column sampling_override;
