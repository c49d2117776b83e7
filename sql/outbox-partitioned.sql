-- The outbox table, partitioned by day: old events go by dropping a partition, which leaves no dead
-- rows behind and does not disturb the slot.
--
--   psql "$DATABASE_URL" -f outbox-partitioned.sql
--
-- Run it as the owner of the application's schema, instead of outbox.sql. Running it again adds the
-- partitions that are missing for the next seven days. There is no DEFAULT partition, because
-- PostgreSQL cannot detach a partition concurrently beside one (manual, "ALTER TABLE").

CREATE TABLE IF NOT EXISTS outbox (
    id             uuid        NOT NULL DEFAULT gen_random_uuid(),
    aggregate_type text        NOT NULL,           -- becomes the topic: <aggregate_type>.events
    aggregate_id   text        NOT NULL,           -- becomes the key, and with it the partition
    event_type     text        NOT NULL,           -- becomes the header eventType
    payload        jsonb,                          -- becomes the value; NULL is a tombstone
    created_at     timestamp   NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

DO $$
DECLARE
    today     date := (now() AT TIME ZONE 'UTC')::date;
    day       date;
    partition text;
BEGIN
    FOR day IN SELECT today + ahead FROM generate_series(0, 7) AS ahead LOOP
        partition := format('outbox_p%s', to_char(day, 'YYYYMMDD'));
        IF to_regclass(format('%I.%I', current_schema(), partition)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 100)',
                partition, day, day + 1);
            EXECUTE format('ALTER TABLE %I REPLICA IDENTITY NOTHING', partition);
        END IF;
    END LOOP;
END
$$;

ALTER TABLE outbox REPLICA IDENTITY NOTHING;

COMMENT ON TABLE outbox IS 'Events to be published to Kafka by outflow, in the transaction of the change they tell of';
