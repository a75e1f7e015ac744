-- ACCESS SHARE on the catalogs only. Who holds locks on these tables, oldest transaction first; never their SQL text.
SELECT a.pid, a.usename,
       CASE WHEN a.query LIKE 'autovacuum:%%to prevent wraparound%%' THEN 'autovacuum to prevent wraparound, which does not give way'
            WHEN a.application_name = '' AND a.backend_type <> 'client backend' THEN a.backend_type ELSE a.application_name END, a.state,
       extract(epoch FROM now() - a.xact_start)::float8, c.oid::regclass::text, max(l.mode)
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND c.oid = ANY (%s::regclass[]::oid[])
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 GROUP BY a.pid, a.usename, 3, a.state, a.xact_start, c.oid
 ORDER BY a.xact_start NULLS LAST
