-- Makes the open transaction large, and waits until the server has sent all of it as a segment. Someone else's
-- transaction stands behind the segment, and brings the WAL to the disk.
INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 100);
SELECT pg_current_wal_insert_lsn() AS lsn \gset
\! psql --no-psqlrc --quiet --command 'INSERT INTO others DEFAULT VALUES'
CALL wait_until_sent(:'lsn');
