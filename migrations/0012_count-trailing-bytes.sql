-- Up Migration

alter table exporter_streams add column trailing_bytes bigint not null default 0;
comment on column exporter_streams.trailing_bytes is 'Bytes after the end of a message in its datagram, such as a second message. They are not decoded. Zeros do not count.';

-- Down Migration

alter table exporter_streams drop column trailing_bytes;
