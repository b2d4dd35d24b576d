-- needs: conversations_between flow_partitions

-- A condition on time cannot pass a grouping, so each hour of each partition is asked on its own: a
-- condition on hour leaves out the others before they are read.
create or replace view conversations as
select hours.hour, conversation.*, exporters.name as exporter_name
from (
  select distinct generate_series(date_trunc('hour', since), until - interval '1 microsecond', interval '1 hour')
    as hour
  from flow_partitions where isfinite(since) and isfinite(until)
) as hours
cross join lateral conversations_between(hours.hour, hours.hour + interval '1 hour') as conversation
left join exporters on exporters.address = conversation.exporter;
