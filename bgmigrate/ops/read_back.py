"""What a rollback would lose: rows of the new table that the old one does not tell of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.move import move_of
from bgmigrate.ops.move_checks import unread
from bgmigrate.ops.runtime import Runtime


@operation("require_read_back")
@dataclass
class RequireReadBack(Step):
    """Refuse while the new table has rows that the old one says nothing of. Reads both; locks nothing.

    Where nothing was ever computed back that is only said: it was planned so.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    old: str
    new: str
    key: list[str]
    parts: list[dict[str, Any]]
    without: dict[str, str] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        if on.offline or not (on.exists(self.old) and on.exists(self.new)):
            return
        move = move_of(on.connection, self.old, self.new, self.key, self.parts, self.without)
        found = unread(on.connection, move)
        if found is None:
            return
        more = "; …" if found.rows > len(found.keys) else ""
        what = f"{found.rows:,} row(s) of {self.new} say what no row of {self.old} says (keys {'; '.join(found.keys)}{more})"
        if move.two_way:
            raise Refused(
                what, why=f"Blue cannot read them, and rollback drops {self.new}: they would be lost.",
                next=f"Delete these rows of {self.new}, or write them where blue reads them, then run the same command again.", code="BGM917",
            )
        on.found(Finding(
            code="BGM803", severity="warning", table=self.new, what=what,
            why=f"The hint has no `backward`, so blue never read them; {self.new} is dropped.",
            next="Nothing, if they may go.",
        ))
