-- No table is locked. Sessions that wait for us: for a relation that we have, or queued for one since we wait for it; how long the first of them has, and
-- whether we wait ourselves (PostgreSQL 14: waitstart).
-- An application's session that waits for somebody else is counted too where it came after us: we cannot tell, and to let it pass costs nothing.
SELECT count(DISTINCT l.pid), coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8,
       EXISTS (SELECT FROM pg_locks w WHERE w.pid = %(pid)s AND w.locktype = 'relation' AND NOT w.granted)
  FROM pg_locks mine
  JOIN pg_locks l ON l.locktype = 'relation' AND l.database = mine.database AND l.relation = mine.relation
                 AND NOT l.granted AND l.pid <> mine.pid AND (mine.granted OR l.waitstart >= mine.waitstart)
 WHERE mine.pid = %(pid)s AND mine.locktype = 'relation'
   AND (NOT mine.granted OR mine.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
