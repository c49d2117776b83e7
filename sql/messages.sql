-- Events without a table: a function that writes one into the WAL, in the caller's transaction.
--
--   psql "$DATABASE_URL" -f messages.sql
--
-- Run it as the owner of the application's schema. It can be run again without harm. outflow takes
-- such events with the setting `messages = "outbox"` under [outbox]; docs/messages.md says what is
-- gained and lost against a table. pgoutput wants a publication all the same; where there is no
-- outbox table, one of no table will do:
--
--   CREATE PUBLICATION outflow;
--
-- An example, in the transaction of the change that it tells of:
--
--   SELECT outbox_emit('order', '42', 'OrderPaid', '{"total": 99}');

CREATE OR REPLACE FUNCTION outbox_emit(
    aggregate_type text,                           -- becomes the topic: <aggregate_type>.events
    aggregate_id   text,                           -- becomes the key, and with it the partition
    event_type     text,                           -- becomes the header eventType
    payload        jsonb,                          -- becomes the value; NULL is a tombstone
    headers        jsonb DEFAULT NULL,             -- an object: further headers
    id             uuid  DEFAULT gen_random_uuid() -- becomes the header id
) RETURNS uuid
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF aggregate_type IS NULL OR aggregate_id IS NULL OR event_type IS NULL OR id IS NULL THEN
        RAISE not_null_violation
            USING MESSAGE = 'an event needs aggregate_type, aggregate_id, event_type and id';
    END IF;
    IF jsonb_typeof(headers) <> 'object' THEN
        RAISE invalid_parameter_value
            USING MESSAGE = 'the headers of an event are a JSON object';
    END IF;
    -- PostgreSQL never converts the content of a message: as bytes it is UTF-8 in any database. The
    -- first argument makes it part of the transaction, without which it would be sent even if that
    -- rolls back.
    PERFORM pg_logical_emit_message(true, 'outbox', convert_to(
        jsonb_build_object(
            'id', id,
            'aggregate_type', aggregate_type,
            'aggregate_id', aggregate_id,
            'event_type', event_type,
            'payload', payload,
            'headers', headers)::text, 'UTF8'));
    RETURN id;
END
$$;

COMMENT ON FUNCTION outbox_emit(text, text, text, jsonb, jsonb, uuid) IS
    'Writes an event to be published to Kafka by outflow into the WAL, without a table';
