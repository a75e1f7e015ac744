"""An autovacuum against transaction id wraparound on the table: it must end, and every row that we write is one more for it to visit."""

from __future__ import annotations

from typing import ClassVar

from bgmigrate.database import Connection
from bgmigrate.sql import compose

# What an autovacuum does is hidden from an ordinary role, but its lock is not (pg_locks), nor whose it is (no user), nor the age that made it
# come: autovacuum is "to prevent wraparound" when the table, or its TOAST table, is older than the limit (documentation, 24.1.5).
_VACUUM = """
    WITH family AS (
        SELECT c.oid, c.reltoastrelid, c.reloptions FROM pg_class c
         WHERE c.oid IN (SELECT relid FROM pg_partition_tree(%(table)s::regclass) UNION SELECT %(table)s::regclass)),
         limits AS (
        SELECT f.oid, f.reltoastrelid,
               coalesce(max(o.option_value::bigint) FILTER (WHERE o.option_name = 'autovacuum_freeze_max_age'), 2000000000) AS own_xid,
               coalesce(max(o.option_value::bigint) FILTER (WHERE o.option_name = 'autovacuum_multixact_freeze_max_age'), 2000000000) AS own_multi
          FROM family f LEFT JOIN LATERAL pg_options_to_table(f.reloptions) o ON true GROUP BY f.oid, f.reltoastrelid)
    SELECT c.oid::regclass::text, a.pid, age(c.relfrozenxid), least(l.own_xid, current_setting('autovacuum_freeze_max_age')::bigint)
      FROM limits l
      JOIN pg_class c ON c.oid IN (l.oid, l.reltoastrelid)
      JOIN pg_locks k ON k.locktype = 'relation' AND k.relation = c.oid AND k.mode = 'ShareUpdateExclusiveLock' AND k.granted
                     AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      JOIN pg_stat_activity a ON a.pid = k.pid AND a.usesysid IS NULL
     WHERE age(c.relfrozenxid) > least(l.own_xid, current_setting('autovacuum_freeze_max_age')::bigint)
        OR mxid_age(c.relminmxid) > least(l.own_multi, current_setting('autovacuum_multixact_freeze_max_age')::bigint)
     LIMIT 1
"""


class Wraparound:
    """`table`: its partitions and TOAST tables count, too."""

    name: ClassVar[str] = "wraparound"
    setting: ClassVar[str] = "yield_to_wraparound"

    def __init__(self, table: str) -> None:
        self.table = table

    def reason(self, connection: Connection) -> str | None:
        """Name the autovacuum and the age that it works off."""
        row = connection.execute(_VACUUM, {"table": compose("{t:t}", t=self.table)}).fetchone()
        if row is None:
            return None
        return (
            f"autovacuum (pid {row[1]}) prevents wraparound on {row[0]}, whose oldest transaction is {row[2]:,} old; the limit is {row[3]:,}"
            " (expand.yield_to_wraparound)"
        )
