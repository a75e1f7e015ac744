"""What a throttle is, and what it says when it cannot see."""

from __future__ import annotations

from typing import ClassVar, Protocol

from bgmigrate.database import Connection

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Unobservable(Exception):
    """What a throttle looks at cannot be seen: `what` says why, `grant` whether a privilege would help."""

    def __init__(self, what: str, *, grant: bool = False) -> None:
        super().__init__(what)
        self.what, self.grant = what, grant


class Throttle(Protocol):
    """One signal. `name`: one of few words, fit for a metric's label; `setting`: the key in `[tool.bgmigrate.expand]` that turns it on and off."""

    name: ClassVar[str]
    setting: ClassVar[str]

    def reason(self, connection: Connection) -> str | None:
        """Why the next batch must wait, with figures and the limit; None to go on.

        Runs in a short transaction with a time limit. Raises Unobservable, or what psycopg raises, when it cannot be told.
        """


def require_statistics(connection: Connection) -> None:
    """Raise Unobservable unless other roles' sessions are shown to us: they are NULL to others, which looks like none (documentation, 27.2)."""
    row = connection.execute("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')").fetchone()
    if not row or not row[0]:
        raise Unobservable("other roles' sessions are hidden from this role", grant=True)


def bytes_text(size: float) -> str:
    """A size as a person reads it, in the units that settings are written in: `1.5 GB`."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.3g} {_UNITS[unit]}" if size < 1000 else f"{size:.0f} {_UNITS[unit]}"
