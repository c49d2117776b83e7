-- What capture.sh records of protocol versions 2 to 4, while it happens: segments of transactions that are still open,
-- and transactions in two phases. What makes a transaction large enough to be sent in segments is in a table that is
-- not published, so the captures stay small. Content is made up.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SELECT current_setting('server_version_num')::int >= 150000 AS has_two_phase \gset

-- Committed. A type and a table are announced in the segment; so is a column that is added.
BEGIN;
INSERT INTO orders VALUES (1, 'sad', 'first segment');
SELECT pg_logical_emit_message(true, 'outbox', 'streamed') \g /dev/null
\ir segment.sql
INSERT INTO orders VALUES (2, 'glad', 'second segment');
UPDATE orders SET id = 3 WHERE id = 1;
DELETE FROM orders WHERE id = 2;
ALTER TABLE orders ADD COLUMN extra int DEFAULT 7;
INSERT INTO orders VALUES (4, NULL, 'after the column');
\ir segment.sql
TRUNCATE orders;
INSERT INTO orders VALUES (5, NULL, 'last segment');
COMMIT;

-- Subtransactions: one is rolled back after it was sent, one is kept. A message has the transaction's id in both.
BEGIN;
INSERT INTO orders VALUES (10, NULL, 'kept');
SAVEPOINT s;
INSERT INTO orders VALUES (11, NULL, 'taken back');
SELECT pg_logical_emit_message(true, 'outbox', 'taken back') \g /dev/null
\ir segment.sql
ROLLBACK TO SAVEPOINT s;
INSERT INTO orders VALUES (12, NULL, 'kept');
SELECT pg_logical_emit_message(false, 'ping', 'sent at once') \g /dev/null
\ir segment.sql
RELEASE SAVEPOINT s;
COMMIT;

-- Rolled back after it was sent.
BEGIN;
INSERT INTO orders VALUES (20, NULL, 'taken back');
\ir segment.sql
ROLLBACK;

-- Replicated here from another server.
SELECT pg_replication_origin_create('elsewhere') \g /dev/null
SELECT pg_replication_origin_session_setup('elsewhere') \g /dev/null
BEGIN;
SELECT pg_replication_origin_xact_setup('16/B374D848', '2026-01-02 03:04:05+00') \g /dev/null
INSERT INTO orders VALUES (30, NULL, 'replicated');
\ir segment.sql
INSERT INTO orders VALUES (31, NULL, 'replicated');
COMMIT;
SELECT pg_replication_origin_session_reset() \g /dev/null

-- Large, but nothing of it is published.
BEGIN;
\ir segment.sql
COMMIT;

\if :has_two_phase
BEGIN;
INSERT INTO orders VALUES (40, NULL, 'prepared');
PREPARE TRANSACTION 'whole, kept';
COMMIT PREPARED 'whole, kept';

BEGIN;
INSERT INTO orders VALUES (41, NULL, 'prepared');
PREPARE TRANSACTION 'whole, taken back';
INSERT INTO others DEFAULT VALUES;
ROLLBACK PREPARED 'whole, taken back';

BEGIN;
INSERT INTO orders VALUES (42, NULL, 'prepared');
\ir segment.sql
PREPARE TRANSACTION 'streamed, kept';
COMMIT PREPARED 'streamed, kept';

BEGIN;
INSERT INTO orders VALUES (43, NULL, 'prepared');
\ir segment.sql
PREPARE TRANSACTION 'streamed, taken back';
ROLLBACK PREPARED 'streamed, taken back';
\endif

-- Not streamed; and the sign that ends the recording.
INSERT INTO orders VALUES (50, NULL, 'small');
SELECT pg_logical_emit_message(false, 'end', '') \g /dev/null
