-- Up Migration

-- Sums of flows by minute, hour and day, each field on its own: at 58 flows a second, one cube of six
-- fields has a third as many rows as flows, and these margins have a thirtieth. A job of the writer
-- computes them from flows; readers take flows wherever rollup_dirty lists something.

-- Each batch appends the minutes of its rows in its own transaction: a unique key would make loading
-- wait for the job. The job deletes before it computes, so whatever is committed meanwhile stays listed.
create table rollup_dirty (
  bucket timestamptz not null,
  level smallint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
comment on table rollup_dirty is 'What the rollups do not hold yet: readers take flows instead. A row may stand more than once.';
comment on column rollup_dirty.bucket is 'Beginning of the minute, hour or day (UTC).';
comment on column rollup_dirty.level is '0 minute, 1 hour, 2 day.';

create table rollup_minute (
  bucket timestamptz not null,
  bytes numeric,
  packets numeric,
  flows bigint not null,
  number bigint,
  sampling_rate bigint,
  field smallint not null,
  side smallint,
  exporter inet not null,
  address inet,
  prefix cidr
) with (autovacuum_vacuum_scale_factor = 0.05);
create table rollup_hour (like rollup_minute) with (autovacuum_vacuum_scale_factor = 0.05);
create table rollup_day (like rollup_minute) with (autovacuum_vacuum_scale_factor = 0.05);
create index rollup_minute_idx on rollup_minute (field, bucket);
create index rollup_hour_idx on rollup_hour (field, bucket);
create index rollup_day_idx on rollup_day (field, bucket);

do $$
declare
  name text;
begin
  foreach name in array array['minute', 'hour', 'day'] loop
    execute format('comment on table rollup_%s is %L', name, format(
      'Sums of flows by %s of received_at, each field on its own. Ask traffic() and top_talkers(), which also count what is not summed yet.', name));
    execute format('comment on column rollup_%s.bucket is %L', name, format('Beginning of the %s (UTC).', name));
    execute format('comment on column rollup_%s.bytes is %L', name, 'As exported: not multiplied by sampling_rate. NULL: no flow had the counter.');
    execute format('comment on column rollup_%s.packets is %L', name, 'As exported: not multiplied by sampling_rate. NULL: no flow had the counter.');
    execute format('comment on column rollup_%s.flows is %L', name, 'Rows of flows.');
    execute format('comment on column rollup_%s.number is %L', name, 'Value of a field that is a number. NULL beside a NULL address: not sent.');
    execute format('comment on column rollup_%s.sampling_rate is %L', name, 'Of the flows. NULL: unknown; answers count it as 1.');
    execute format('comment on column rollup_%s.field is %L', name, '0 all, 1 protocol, 2 direction, 3 input_if, 4 output_if, 5 tos; hours and days also have the greatest of 6 src_as, 7 dst_as, 8 service port, 9 src_addr, 10 dst_addr: see rollup_lists.');
    execute format('comment on column rollup_%s.side is %L', name, 'Direction as seen from prefix: 0 in, 1 out, 2 in:local, 3 out:local. NULL: all flows of the exporter.');
    execute format('comment on column rollup_%s.exporter is %L', name, 'Address of the exporter.');
    execute format('comment on column rollup_%s.address is %L', name, 'Value of a field that is an address.');
    execute format('comment on column rollup_%s.prefix is %L', name, 'A prefix of exporter_prefixes. NULL: all flows of the exporter.');
  end loop;
end
$$;

create table rollup_lists (
  bucket timestamptz not null,
  keys bigint not null,
  least_bytes numeric,
  sampling_rate bigint,
  listed integer not null,
  level smallint not null,
  field smallint not null,
  side smallint,
  exporter inet not null,
  prefix cidr
) with (autovacuum_vacuum_scale_factor = 0.05);
create index rollup_lists_idx on rollup_lists (level, field, bucket);
comment on table rollup_lists is 'A row for each list of fields 6 to 10 in rollup_hour and rollup_day: how much of the values it has.';
comment on column rollup_lists.bucket is 'Beginning of the hour or day (UTC).';
comment on column rollup_lists.keys is 'Different values in flows.';
comment on column rollup_lists.least_bytes is 'A value that is not listed has at most this many bytes, as exported. NULL: all are listed, or the others have no counter.';
comment on column rollup_lists.sampling_rate is 'Of the flows of this list.';
comment on column rollup_lists.listed is 'Values in the list.';
comment on column rollup_lists.level is '1 hour, 2 day.';
comment on column rollup_lists.field is 'As in rollup_hour.';
comment on column rollup_lists.side is 'As in rollup_hour.';
comment on column rollup_lists.exporter is 'Address of the exporter.';
comment on column rollup_lists.prefix is 'As in rollup_hour.';

create table rollup_state (
  is_only boolean primary key default true check (is_only),
  settled_until timestamptz not null default '-infinity',
  minutes_since timestamptz not null default '-infinity',
  hours_since timestamptz not null default '-infinity',
  days_since timestamptz not null default '-infinity',
  hour_lists_since timestamptz not null default '-infinity',
  day_lists_since timestamptz not null default '-infinity',
  rows_too_late bigint not null default 0
);
insert into rollup_state default values;
comment on table rollup_state is 'One row: from when on each level of the rollups is complete.';
comment on column rollup_state.is_only is 'Keeps the table at one row.';
comment on column rollup_state.settled_until is 'Flows before were dropped by retention, so the rollups before are final.';
comment on column rollup_state.minutes_since is 'rollup_minute has all minutes from here on.';
comment on column rollup_state.hours_since is 'rollup_hour has all hours from here on.';
comment on column rollup_state.days_since is 'rollup_day has all days from here on.';
comment on column rollup_state.hour_lists_since is 'rollup_hour has lists from here on; infinity: none.';
comment on column rollup_state.day_lists_since is 'rollup_day has lists from here on; infinity: none.';
comment on column rollup_state.rows_too_late is 'Rows of rollup_dirty that were given up because their flows were dropped already.';

create table exporter_prefixes (
  exporter inet not null references exporters on update cascade on delete cascade,
  prefix cidr not null,
  name text,
  primary key (exporter, prefix)
);
comment on table exporter_prefixes is 'Networks whose traffic is counted on its own, per exporter: prefix_traffic() and by prefix.';
comment on column exporter_prefixes.exporter is 'Address of the exporter.';
comment on column exporter_prefixes.prefix is 'IPv4 or IPv6 network; prefixes may lie within each other, and each counts.';
comment on column exporter_prefixes.name is 'For people, for example the customer.';

-- An operator may register an exporter, with its prefixes, before it is heard.
alter table exporters alter column first_seen drop not null, alter column last_seen drop not null;
comment on column exporters.first_seen is 'When its first datagram was received. NULL: registered, not heard yet.';
comment on column exporters.last_seen is 'When its latest datagram was received. NULL: registered, not heard yet.';

-- Rollups of prefixes that were computed before a change do not know the change.
create table prefix_changes (
  exporter inet primary key,
  changed_at timestamptz not null
);
comment on table prefix_changes is 'When the prefixes of an exporter were changed last. Up to then, questions about its prefixes read flows.';
comment on column prefix_changes.exporter is 'Address of the exporter.';
comment on column prefix_changes.changed_at is 'When the change was committed.';

-- As its owner: whoever may change prefixes need not have a right on prefix_changes. Then no table of
-- the caller's may be taken for it, so its search_path is fixed.
do $create$
begin
  execute format($sql$
    create function note_prefix_change() returns trigger
    language plpgsql security definer set search_path = %I, pg_temp as $$
    begin
      insert into prefix_changes as known
      select exporter, clock_timestamp()
      from (
        select distinct exporter from (values (old.exporter), (new.exporter)) as rows (exporter)
        where exporter is not null order by exporter
      ) as changed
      on conflict (exporter) do update set changed_at = excluded.changed_at;
      return null;
    end
    $$
  $sql$, current_schema());
end
$create$;
comment on function note_prefix_change is 'Notes in prefix_changes that the prefixes of an exporter were changed.';
-- At the end of the transaction: the time of an earlier statement could lie before minutes that are
-- computed without the change.
create constraint trigger note_prefix_change
after insert or update of exporter, prefix or delete on exporter_prefixes
deferrable initially deferred for each row execute function note_prefix_change();

-- Everything stored so far.
do $$
declare
  found record;
begin
  for found in
    select inhrelid::regclass as partition,
      regexp_match(pg_get_expr(relpartbound, oid), $re$FROM \('([^']+)'\) TO \('([^']+)'\)$re$) as bounds
    from pg_inherits join pg_class on oid = inhrelid
    where inhparent = 'flows'::regclass and not inhdetachpending
  loop
    execute format(
      $sql$
      insert into rollup_dirty (level, bucket)
      select 0, minute
      from (
        select coalesce(%L::timestamptz, min(received_at)) as since, coalesce(%L::timestamptz, max(received_at)) as until
        from %s
      ) as range
      cross join generate_series(date_bin('1 minute', since, '2000-01-01Z'), until, '1 minute') as minute
      -- Partitions are made ahead of time.
      where minute < until and minute <= now()
      $sql$,
      case when isfinite((found.bounds)[1]::timestamptz) then (found.bounds)[1] end,
      case when isfinite((found.bounds)[2]::timestamptz) then (found.bounds)[2] end,
      found.partition);
  end loop;
end
$$;

-- Down Migration

drop table rollup_dirty, rollup_minute, rollup_hour, rollup_day, rollup_lists, rollup_state;
drop table exporter_prefixes, prefix_changes;
drop function note_prefix_change;
update exporters set first_seen = coalesce(first_seen, now()), last_seen = coalesce(last_seen, now())
where first_seen is null or last_seen is null;
alter table exporters alter column first_seen set not null, alter column last_seen set not null;
comment on column exporters.first_seen is null;
comment on column exporters.last_seen is null;
