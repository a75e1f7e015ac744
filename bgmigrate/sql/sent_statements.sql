-- What clients have sent since the counters were last reset; the text of other roles' statements needs pg_read_all_stats.
SELECT r.rolname, s.query
  FROM {extension:q}.pg_stat_statements s
  JOIN pg_roles r ON r.oid = s.userid
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY s.calls DESC
 LIMIT {most:l}
