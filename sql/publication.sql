-- The publication that outflow reads: the inserts of the outbox table, and nothing else.
--
--   psql "$DATABASE_URL" -f publication.sql
--
-- Run it as the owner of the table, BEFORE the slot is created: a slot that is older than its
-- publication cannot pass the WAL in between. `outflow publication create --table outbox` does the same.
-- Publishing through the root makes a partitioned outbox arrive under its own name; on a plain
-- table it changes nothing.

CREATE PUBLICATION outflow FOR TABLE outbox
    WITH (publish = 'insert', publish_via_partition_root = true);
