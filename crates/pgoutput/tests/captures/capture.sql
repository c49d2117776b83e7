-- What capture.sh records: every kind of message of protocol version 1, and the cases that are
-- easily got wrong. Content is made up and short, but where its size is the point.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SELECT current_setting('server_version_num')::int >= 150000 AS has_column_lists \gset
SELECT current_setting('server_version_num')::int >= 180000 AS has_generated_columns \gset

-- Tables

CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN price AS numeric(8, 2);

CREATE TABLE outbox (
    id uuid PRIMARY KEY, aggregate_type text NOT NULL, aggregate_id text NOT NULL, event_type text NOT NULL,
    payload jsonb, created_at timestamptz NOT NULL
);
CREATE TABLE kinds (
    id int PRIMARY KEY, flag bool, small int2, big int8, real float4, double float8, amount price, feeling mood,
    raw bytea, tags text[], letter char(3), word varchar(10), stamp timestamp
);
CREATE TABLE long (id int PRIMARY KEY, body text, note text);
ALTER TABLE long ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE whole (id int, body text, note text);
ALTER TABLE whole ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE indexed (id int PRIMARY KEY, code text NOT NULL, note text);
CREATE UNIQUE INDEX indexed_code ON indexed (code);
ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_code;
CREATE TABLE bare (note text);
CREATE SCHEMA "Märkte";
CREATE TABLE "Märkte"."Größe ""x""" ("Spalte 1" int PRIMARY KEY);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
CREATE TABLE grows (id serial PRIMARY KEY, note text);

CREATE PUBLICATION capture
    FOR TABLE outbox, kinds, long, whole, indexed, bare, "Märkte"."Größe ""x""", parent, child, grows;
\if :has_column_lists
CREATE TABLE listed (id int PRIMARY KEY, hidden text, shown text);
ALTER PUBLICATION capture ADD TABLE listed (id, shown);
\endif
\if :has_generated_columns
CREATE TABLE computed (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
ALTER PUBLICATION capture ADD TABLE computed;
ALTER PUBLICATION capture SET (publish_generated_columns = stored);
\endif

SELECT pg_create_logical_replication_slot('capture', 'pgoutput') \g /dev/null

-- Rows

-- What the service lives on.
INSERT INTO outbox VALUES
    ('4d47e190-0402-4048-bc2c-89dd54343cdc', 'order', '42', 'OrderPaid', '{"total": 99}', '2026-01-02 03:04:05+00'),
    ('4d47e190-0402-4048-bc2c-89dd54343cdd', 'order', '42', 'OrderDropped', NULL, '2026-01-02 03:04:06+00');

-- A domain and an enum are each announced by a Type message; NULLs; an empty text is not NULL.
INSERT INTO kinds VALUES
    (1, true, -2, 1099511627776, 1.5, -0.25, 12.50, 'glad', '\x00ff10', '{a,NULL,"b c"}', 'x', '', '2026-01-02 03:04:05.678'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Unchanged TOAST, without and with the old row; a key that changes.
INSERT INTO long VALUES (1, repeat('long', 510), 'a');
UPDATE long SET note = 'b' WHERE id = 1;
UPDATE long SET id = 2 WHERE id = 1;
DELETE FROM long WHERE id = 2;
INSERT INTO whole VALUES (1, repeat('whole', 408), NULL);
UPDATE whole SET note = 'b' WHERE id = 1;
DELETE FROM whole WHERE id = 1;

-- A replica identity of an index, and none.
INSERT INTO indexed VALUES (1, 'one', NULL);
UPDATE indexed SET note = 'same key' WHERE id = 1;
UPDATE indexed SET code = 'uno' WHERE id = 1;
DELETE FROM indexed WHERE id = 1;
INSERT INTO bare VALUES ('no identity');

-- Names that need quotes.
INSERT INTO "Märkte"."Größe ""x""" VALUES (1);

-- COPY: the rows share one position.
COPY grows (note) FROM STDIN;
copied 1
copied 2
copied 3
\.

-- A column is added between two rows of one transaction.
BEGIN;
INSERT INTO grows (note) VALUES ('before');
ALTER TABLE grows ADD COLUMN extra int DEFAULT 7;
INSERT INTO grows (note) VALUES ('after');
COMMIT;

-- Several tables by one TRUNCATE; CASCADE and RESTART IDENTITY.
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
TRUNCATE grows, whole;
TRUNCATE parent RESTART IDENTITY CASCADE;

\if :has_column_lists
INSERT INTO listed VALUES (1, 'hidden', 'shown');
\endif
\if :has_generated_columns
INSERT INTO computed VALUES (21);
\endif

-- Messages, and where they come from

BEGIN;
INSERT INTO parent VALUES (2);
SELECT pg_logical_emit_message(true, 'outbox', '{"id": "m1"}') \g /dev/null
SELECT pg_logical_emit_message(true, '', '\x00ff'::bytea) \g /dev/null
SELECT pg_logical_emit_message(false, 'ping', 'sent at once') \g /dev/null
COMMIT;

-- Without a transaction of its own; it survives the rollback, the row and the other message do not.
BEGIN;
INSERT INTO parent VALUES (3);
SELECT pg_logical_emit_message(false, 'ping', 'sent though rolled back') \g /dev/null
SELECT pg_logical_emit_message(true, 'outbox', 'never sent') \g /dev/null
ROLLBACK;

BEGIN;
INSERT INTO parent VALUES (4);
SAVEPOINT s;
INSERT INTO parent VALUES (5);
SELECT pg_logical_emit_message(true, 'outbox', 'never sent') \g /dev/null
ROLLBACK TO SAVEPOINT s;
INSERT INTO parent VALUES (6);
COMMIT;

-- Replicated here from another server.
SELECT pg_replication_origin_create('elsewhere') \g /dev/null
SELECT pg_replication_origin_session_setup('elsewhere') \g /dev/null
BEGIN;
SELECT pg_replication_origin_xact_setup('16/B374D848', '2026-01-02 03:04:05+00') \g /dev/null
INSERT INTO parent VALUES (7);
COMMIT;
SELECT pg_replication_origin_session_reset() \g /dev/null

-- PostgreSQL 18's stray StreamAbort: rolled back, larger than logical_decoding_work_mem, with
-- subtransactions smaller than what it did itself.
BEGIN;
SAVEPOINT s;
INSERT INTO bare VALUES ('never sent');
RELEASE SAVEPOINT s;
INSERT INTO bare SELECT repeat('x', 1000) FROM generate_series(1, 100);
ROLLBACK;
INSERT INTO parent VALUES (8);
