-- The way back: slot, publication and role; the table and its rows stay.
--
--   outflow slot drop            # says what is lost; or the first statement below
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f teardown.sql
--
-- Stop outflow first. A slot that is in use is left alone, and so is everything else: the script
-- ends with an error. A slot that stays behind keeps WAL for ever, so it goes first.

BEGIN;

DO $$
BEGIN
    PERFORM pg_drop_replication_slot(slot_name)
       FROM pg_replication_slots
      WHERE slot_name = 'outflow' AND database = current_database();
END
$$;

DROP PUBLICATION IF EXISTS outflow;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'outflow') THEN
        IF to_regclass('outbox') IS NOT NULL THEN
            REVOKE ALL ON TABLE outbox FROM outflow;
        END IF;
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM outflow', current_database());
        DROP ROLE outflow;
    END IF;
END
$$;

COMMIT;

-- The table holds the application's data. To remove it too:
--   DROP TABLE outbox;
-- And the function of messages.sql:
--   DROP FUNCTION outbox_emit(text, text, text, jsonb, jsonb, uuid);
