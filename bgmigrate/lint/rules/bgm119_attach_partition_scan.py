"""ATTACH PARTITION scans the new partition, unless a CHECK proves its bounds."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint, AttachPartition, CreateTable
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class AttachPartitionScan(StrongLock):
    """ATTACH PARTITION of a table that was there, with no validated CHECK; any new partition beside a DEFAULT one that has none."""

    code = "BGM119"
    name = "attach-partition-scan"
    danger = "Nobody reads or writes the table that becomes a partition while its rows are checked; nor the DEFAULT partition while its are."
    reason = ("ATTACH takes SHARE UPDATE EXCLUSIVE on the parent (12+) and ACCESS EXCLUSIVE on the partition, and scans it. A validated CHECK that "
    "implies "
              "the bounds spares the scan; on the DEFAULT partition, one that excludes them.")
    unsafe = """op.execute("ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")"""
    safe = """\
op.execute("ALTER TABLE events_2026 ADD CONSTRAINT bounds CHECK (day >= '2026-01-01' AND day < '2027-01-01' AND day IS NOT NULL) NOT VALID")
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE events_2026 VALIDATE CONSTRAINT bounds")
op.execute("ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A partition with rows, perhaps, and no CHECK."""
        a, rest = at.action, at.around.rest
        joins = isinstance(a, AttachPartition) or (isinstance(a, CreateTable) and bool(a.partition_of))
        if joins and rest and not at.around.rest_checked and not within.exempt(rest, at):
            yield Hit(
                what=f"every row of {rest}, the DEFAULT partition, is checked against the new bounds while nobody can read or write it",
                table=rest, next="\n".join((
                    execute(f"ALTER TABLE {rest} ADD CONSTRAINT without CHECK (NOT (…)) NOT VALID") + "  # not what the new bounds say",
                    apart(execute(f"ALTER TABLE {rest} VALIDATE CONSTRAINT without")),
                    "# then this, and drop the constraint",
                )),
            )
        if not isinstance(a, AttachPartition) or within.exempt(a.partition, at):
            return
        here = any(isinstance(s.action, AddConstraint) and s.action.table == a.partition and s.action.kind == "check" for s in within.before(at))
        if here or any(kind == "check" for kind, _, _ in within.known.constraints_of(a.partition).values()):
            return
        yield Hit(
            what=f"every row of {a.partition} is checked against its bounds while nobody can read or write it", table=a.partition,
            next="\n".join((
                execute(f"ALTER TABLE {a.partition} ADD CONSTRAINT bounds CHECK (…) NOT VALID") + "  # what the bounds say, and IS NOT NULL",
                apart(execute(f"ALTER TABLE {a.partition} VALIDATE CONSTRAINT bounds")),
                f"# then ATTACH PARTITION {a.partition}, and drop the constraint",
            )),
        )
