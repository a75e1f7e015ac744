"""A partition that is made or detached in one statement locks the parent."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTable, DetachPartition
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class DetachOrCreatePartition(Rule):
    """CREATE TABLE … PARTITION OF, DETACH PARTITION."""

    code = "BGM120"
    name = "detach-or-create-partition"
    danger = "While it waits for the last transaction that uses the partitioned table, every query of it waits behind it."
    reason = ("Both take ACCESS EXCLUSIVE on the parent. CREATE TABLE and ATTACH take SHARE UPDATE EXCLUSIVE there, and so does DETACH … "
              "CONCURRENTLY (14+).")
    unsafe = 'op.execute("CREATE TABLE events_2027 PARTITION OF events FOR VALUES IN (2027)")'
    safe = """\
op.execute("CREATE TABLE events_2027 (LIKE events INCLUDING ALL)")
op.execute("ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES IN (2027)")"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of a parent that is in use."""
        a = at.action
        if isinstance(a, CreateTable) and a.partition_of and not within.exempt(a.partition_of, at):
            yield Hit(
                what=f"{a.table} is made under ACCESS EXCLUSIVE on {a.partition_of}", table=a.partition_of,
                next=execute(f"CREATE TABLE {a.table} (LIKE {a.partition_of} INCLUDING ALL)") + "\n"
                + execute(f"ALTER TABLE {a.partition_of} ATTACH PARTITION {a.table} FOR VALUES …"),
            )
        if isinstance(a, DetachPartition) and not a.concurrently and not within.exempt(a.table, at):
            yield Hit(
                what=f"{a.partition} is detached under ACCESS EXCLUSIVE on {a.table}", table=a.table,
                next=apart(execute(f"ALTER TABLE {a.table} DETACH PARTITION {a.partition} CONCURRENTLY")),
            )
