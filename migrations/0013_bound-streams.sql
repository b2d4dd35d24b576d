-- Up Migration

-- A stream that was forgotten to make room for others begins anew when it is heard again. Its claims
-- must not be taken for those of before, so they begin at the time in microseconds.
alter table sequence_gaps alter column claim type bigint;

-- Down Migration

alter table sequence_gaps alter column claim type integer using (claim % 2147483647)::integer;
