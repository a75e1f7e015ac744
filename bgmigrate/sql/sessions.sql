-- No lock. Client sessions of this database but our own, and its prepared transactions, which hold locks without any session.
SELECT pid, usename::text AS "user", application_name, state, extract(epoch FROM clock_timestamp() - xact_start)::double precision AS transaction_seconds
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
   AND (backend_type = 'client backend' OR backend_type IS NULL) -- unprivileged roles see names, but no types and states
UNION ALL
SELECT NULL, owner::text, NULL, 'prepared transaction ' || gid, extract(epoch FROM clock_timestamp() - prepared)::double precision
  FROM pg_prepared_xacts WHERE database = current_database()
 ORDER BY 1
