-- Up Migration

-- Every batch writes these tables for each exporter that it has heard. With room left on its page, a
-- row is updated there and its indexes stay as they are.
alter table exporters set (fillfactor = 70);
alter table exporter_streams set (fillfactor = 70);

-- Only the writer reads the state. As text, the server does not have to parse it.
alter table stream_states alter column sequence_state type text using sequence_state::text;

-- Down Migration

-- Earlier versions know the latest datagrams as numbers only; without them they go on, too.
alter table stream_states alter column sequence_state type jsonb using
  case when jsonb_typeof(sequence_state::jsonb -> 'recent') = 'string'
    then sequence_state::jsonb - 'recent' else sequence_state::jsonb end;
alter table exporter_streams reset (fillfactor);
alter table exporters reset (fillfactor);
