-- Up Migration

-- Every batch writes these tables for each exporter that it has heard. With room left on its page, a
-- row is updated there and its indexes stay as they are.
alter table exporters set (fillfactor = 70);
alter table exporter_streams set (fillfactor = 70);

-- Only the writer reads the state. As text, the server does not have to parse it.
alter table stream_states alter column sequence_state type text using sequence_state::text;

-- Down Migration

alter table stream_states alter column sequence_state type jsonb using sequence_state::jsonb;
alter table exporter_streams reset (fillfactor);
alter table exporters reset (fillfactor);
