-- No lock. Client sessions of roles that may touch these tables (all where none are named), superusers and our own roles aside.
SELECT a.pid, a.usename::text AS "user", a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::double precision AS transaction_seconds
  FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND (a.backend_type = 'client backend' OR a.backend_type IS NULL)
   AND (NOT %(by_role)s OR NOT r.rolsuper AND a.usename NOT IN (session_user, current_user))
   AND (%(tables)s::text[] = '{}' OR EXISTS (SELECT FROM unnest(%(tables)s::text[]) t
                                              WHERE to_regclass(t) IS NOT NULL AND has_table_privilege(r.oid, to_regclass(t), 'SELECT, INSERT, UPDATE, DELETE')))
 ORDER BY 1
