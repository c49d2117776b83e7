-- What streaming.sql needs before the recording begins.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SELECT current_setting('server_version_num')::int >= 150000 AS has_two_phase \gset

CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE orders (id int PRIMARY KEY, feeling mood, note text);
CREATE TABLE others (id serial PRIMARY KEY);
CREATE TABLE filler (body text);
CREATE PUBLICATION streaming FOR TABLE orders, others;
\if :has_two_phase
SELECT pg_create_logical_replication_slot('streaming', 'pgoutput', false, true) \g /dev/null
\else
SELECT pg_create_logical_replication_slot('streaming', 'pgoutput') \g /dev/null
\endif

-- Waits until the server has decoded so far.
CREATE PROCEDURE wait_until_sent(lsn pg_lsn) LANGUAGE plpgsql AS $$
    BEGIN
        FOR attempt IN 1 .. 1000 LOOP
            PERFORM pg_stat_clear_snapshot();
            IF EXISTS (SELECT FROM pg_stat_replication WHERE sent_lsn >= lsn) THEN RETURN; END IF;
            PERFORM pg_sleep(0.01);
        END LOOP;
        RAISE 'nobody reads the slot up to %', lsn;
    END $$;
