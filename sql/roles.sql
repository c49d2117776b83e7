-- The role that outflow logs in with: it may replicate, and read the outbox; nothing else.
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f roles.sql
--   psql "$DATABASE_URL" -c '\password outflow'
--
-- Run it as a superuser; on Amazon RDS as the master user, with `GRANT rds_replication TO outflow`
-- in place of the REPLICATION attribute, and on Cloud SQL as cloudsqlsuperuser.
-- pg_hba.conf must let the role reach the database itself: a logical walsender connects to a database,
-- so a line for the keyword `replication` does not match it (manual, "The pg_hba.conf File").

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'outflow') THEN
        CREATE ROLE outflow LOGIN REPLICATION CONNECTION LIMIT 10;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO outflow', current_database());
END
$$;

-- Streaming needs no right on the table. Reading it is for the commands that compare or count rows.
GRANT SELECT ON TABLE outbox TO outflow;
