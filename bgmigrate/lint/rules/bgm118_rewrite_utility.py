"""VACUUM FULL, CLUSTER and the like write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Rewrite
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class RewriteUtility(StrongLock):
    """VACUUM FULL, CLUSTER, SET TABLESPACE / LOGGED / ACCESS METHOD, REFRESH MATERIALIZED VIEW."""

    code = "BGM118"
    name = "rewrite-utility"
    danger = "Nobody reads or writes the table while it is written anew."
    reason = "All take ACCESS EXCLUSIVE for a rewrite. pg_repack and pg_squeeze do it beside the traffic; REFRESH has CONCURRENTLY."
    unsafe = 'op.execute("CLUSTER orders USING ix_orders_day")'
    safe = """\
with op.get_context().autocommit_block():
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY daily")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table, or view, in use."""
        a = at.action
        if isinstance(a, Rewrite):
            refresh = apart(execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {a.table}")) + "  # needs a unique index on the view"
            batch = f'Leave recreate="always" out of batch_alter_table("{a.table}"): PostgreSQL alters in place.'
            other = f"Leave it out of the revision; where {a.table} must shrink or move: pg_repack --table={a.table}"
            yield Hit(
                what=f"{a.how} writes {a.table or 'every table'} anew while nobody can read or write it", table=a.table or None,
                next=refresh if a.how.startswith("REFRESH") else batch if a.how.startswith("batch") else other,
            )
