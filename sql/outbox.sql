-- The outbox table: one row an event, written in the transaction of the business change.
--
--   psql "$DATABASE_URL" -f outbox.sql
--
-- Run it as the owner of the application's schema. It can be run again without harm.
-- outflow needs no more than this table's inserts in the WAL; rows may be deleted as soon as they
-- are committed (PostgreSQL manual, "Logical Decoding").

CREATE TABLE IF NOT EXISTS outbox (
    id             uuid        NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    aggregate_type text        NOT NULL,           -- becomes the topic: <aggregate_type>.events
    aggregate_id   text        NOT NULL,           -- becomes the key, and with it the partition
    event_type     text        NOT NULL,           -- becomes the header eventType
    payload        jsonb,                          -- becomes the value; NULL is a tombstone
    created_at     timestamp   NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
) WITH (
    -- Rows are inserted and deleted, never updated: pages are filled, and vacuum comes by the
    -- number of rows, not by the share of a table that is mostly empty.
    fillfactor = 100,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 50000
);

-- The clean-up deletes the oldest rows first; BRIN is small, and rows arrive in this order.
CREATE INDEX IF NOT EXISTS outbox_created_at_idx ON outbox USING brin (created_at) WITH (autosummarize = on);

-- Deletes of old rows are not published, so they need no identity, and no more WAL than the row's place.
ALTER TABLE outbox REPLICA IDENTITY NOTHING;

COMMENT ON TABLE outbox IS 'Events to be published to Kafka by outflow, in the transaction of the change they tell of';
