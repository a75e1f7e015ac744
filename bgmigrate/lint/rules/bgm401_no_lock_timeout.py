"""A strong lock that is waited for without end."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions_beside import Configure
from bgmigrate.lint.locks import taken
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class NoLockTimeout(Rule):
    """The first lock against readers or writers in a revision that has set no lock_timeout."""

    code = "BGM401"
    name = "no-lock-timeout"
    severity = "info"
    gives_way = True
    danger = "While it waits behind one long transaction, every later query of the table waits behind it."
    reason = ("PostgreSQL's lock queue is first come, first served, and lock_timeout is 0 unless somebody sets it: the revision, env.py, or the role "
              "(ALTER ROLE … SET lock_timeout). bgmigrate's own operations always do.")
    unsafe = 'op.add_column("users", sa.Column("nick", sa.Text()))'
    safe = """\
op.execute("SET LOCAL lock_timeout = '1s'")
op.add_column("users", sa.Column("nick", sa.Text()))"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once in a revision."""
        if not any(t not in within.small for t, _ in taken(at, within)):
            return
        before = list(within.before(at))
        if any(_limits(s, at) or any(True for _ in taken(s, within)) for s in before):
            return
        table, mode = next(taken(at, within))
        yield Hit(
            what=f"{mode} on {table} is waited for without a lock_timeout", table=table,
            next="op.execute(\"SET LOCAL lock_timeout = '1s'\")  # before it; where env.py or the role sets one, switch this rule off: "
                 'BGM401 = "off" in [tool.bgmigrate.lint.severity]',
        )


def _limits(s: Statement, at: Statement) -> bool:
    a = s.action
    return isinstance(a, Configure) and a.name == "lock_timeout" and a.value not in ("", "0", "'0'") and (
        not a.local or s.transaction == at.transaction
    )
