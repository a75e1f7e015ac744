-- No table is locked. Sessions that hold a lock on these tables in one of these modes, in transactions older than so many seconds.
-- Not autovacuum's: it gives way to whoever queues behind it, and would never do so for one that only looks.
SELECT DISTINCT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND l.mode = ANY (%s) AND c.oid = ANY (%s::regclass[]::oid[])
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND a.backend_type <> 'autovacuum worker'
   AND a.xact_start < clock_timestamp() - make_interval(secs => %s)
