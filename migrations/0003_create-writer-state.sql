-- Up Migration

-- How many bytes of the pipe's stream are loaded. Each batch moves the position in its own
-- transaction, so it shows whether a commit succeeded whose answer was lost.
create table journal_positions (
  journal uuid primary key,
  position bigint not null,
  batches bigint not null default 0,
  updated_at timestamptz not null default now()
);
comment on column journal_positions.position is 'Bytes of the stream that the tables hold.';
comment on column journal_positions.batches is 'Batches committed; counts those that moved no bytes, too.';

create table collector_reports (
  collector text primary key,
  started_at timestamptz not null,
  reported_at timestamptz not null,
  received bigint not null,
  forwarded bigint not null,
  queue_dropped bigint not null,
  kernel_dropped bigint,
  final boolean not null
);
comment on table collector_reports is 'The latest report of each start of a collector, cumulative since that start.';

create table rejected_records (
  id bigint generated always as identity primary key,
  rejected_at timestamptz not null default now(),
  received_at timestamptz,
  exporter inet,
  sqlstate text not null,
  reason text not null,
  record jsonb not null
);
create index rejected_records_rejected_at_idx on rejected_records (rejected_at);
comment on table rejected_records is 'Flow records that the database refused: why, and their values by column.';

-- Down Migration

drop table rejected_records;
drop table collector_reports;
drop table journal_positions;
