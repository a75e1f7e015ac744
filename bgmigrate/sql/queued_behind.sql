-- No table is locked. Sessions that queue for a relation since we do, how long the first of them has, and whether we still do (PostgreSQL 14: waitstart).
-- An application's session that waits for somebody else is counted too where it came after us: we cannot tell, and to let it pass costs nothing.
SELECT count(DISTINCT l.pid), coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8, count(*) > 0
  FROM pg_locks mine
  JOIN pg_locks l ON l.locktype = 'relation' AND l.database = mine.database AND l.relation = mine.relation
                 AND NOT l.granted AND l.pid <> mine.pid AND l.waitstart >= mine.waitstart
 WHERE mine.pid = %(pid)s AND mine.locktype = 'relation' AND NOT mine.granted
