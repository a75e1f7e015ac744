-- No table is locked. Transactions of this database that keep a snapshot from before that moment, oldest first; never their SQL text.
SELECT a.pid, a.usename, a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8, a.datname::text, 'snapshot'
  FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_xmin IS NOT NULL AND a.backend_type = 'client backend'
   AND a.xact_start < %s
 ORDER BY a.xact_start
