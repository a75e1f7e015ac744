"""What belongs to a session, behind a pool that shares sessions."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Other
from bgmigrate.lint.actions_beside import Configure
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class PooledSessionSettings(Rule):
    """SET without LOCAL, and advisory locks of the session."""

    code = "BGM410"
    name = "pooled-session-settings"
    severity = "info"
    danger = "Through PgBouncer in transaction mode the setting, or the lock, is another client's a moment later, and not there for this revision."
    reason = "Such a pool gives each transaction whatever connection is free. SET LOCAL and pg_advisory_xact_lock end with the transaction."
    unsafe = 'op.execute("SET lock_timeout = \'1s\'")'
    safe = 'op.execute("SET LOCAL lock_timeout = \'1s\'")'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each, unless the revision sets it once more, or puts it back."""
        a = at.action
        if isinstance(a, Configure) and not a.local and a.value and not _again(at, within):
            value = a.value if a.value.startswith("'") else f"'{a.value}'"
            yield Hit(
                what=f"SET {a.name} outlives the transaction, and belongs to a session that a pool may share",
                next=f"{execute(f'SET LOCAL {a.name} = {value}')}\n# or migrate past the pool, at the server's own address",
            )
        elif isinstance(a, Other) and a.what == "advisory lock":
            yield Hit(
                what="an advisory lock of the session, which a pool may share, is lost or left behind",
                next="SELECT pg_advisory_xact_lock(…), which ends with the transaction; or migrate past the pool, at the server's own address",
            )


def _again(at: Statement, within: Reading) -> bool:
    return any(s is not at and isinstance(s.action, Configure) and s.action.name == getattr(at.action, "name", "") for s in within.statements)
