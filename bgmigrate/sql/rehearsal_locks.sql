-- ACCESS SHARE on the catalogs only. The relations that a session holds locks on; one that it has only just made is not seen by others.
SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, l.mode, l.granted
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE l.locktype = 'relation' AND l.pid = %s AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
