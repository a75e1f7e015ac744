-- What each role's statements have been called in this database, since the counters were last reset.
SELECT s.userid, s.queryid, sum(s.calls)::bigint AS calls, min(s.query) AS query
  FROM {extension:i}.pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND r.rolname = {role:l} AND s.queryid IS NOT NULL
 GROUP BY 1, 2
