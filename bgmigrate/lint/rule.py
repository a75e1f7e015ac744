"""What a rule is: one hazard, one file, one page. Its own examples are its first test."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from bgmigrate.findings import Severity
from bgmigrate.lint.statement import Phase, Reading, Statement


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A rule's answer about one statement; what is left out is the rule's own. `next`: the corrected text in the user's names."""

    what: str
    next: str
    why: str = ""
    severity: Severity | None = None
    table: str | None = None
    column: str | None = None


class Rule:
    """Looks at one statement where it stands. `unsafe` and `safe` are bodies of upgrade(): the first is found, the second is not."""

    code: ClassVar[str] = ""
    name: ClassVar[str] = ""
    severity: ClassVar[Severity] = "warning"
    danger: ClassVar[str] = ""  # one sentence: what happens
    reason: ClassVar[str] = ""  # the lock, the scan, the error; with PostgreSQL's versions
    unsafe: ClassVar[str] = ""
    safe: ClassVar[str] = ""
    phase: ClassVar[Phase] = "history"  # in which the examples stand
    gives_way: ClassVar[bool] = False  # says nothing more of a statement that a warning or an error speaks of

    def look(self, at: Statement, within: Reading) -> Iterable[Hit]:
        """What is wrong with this statement; nothing where it is as it should be."""
        raise NotImplementedError


class StrongLock(Rule):
    """A rule about locks and scans: bgmigrate's own operations mind them, and a table that nobody uses yet may be locked."""

    severity: ClassVar[Severity] = "error"

    def look(self, at: Statement, within: Reading) -> Iterable[Hit]:
        """Pass over what cannot hurt."""
        if at.ours or (at.action.table and within.exempt(at.action.table, at)):
            return ()
        return self.locks(at, within)

    def locks(self, at: Statement, within: Reading) -> Iterable[Hit]:
        """What is wrong with a statement on a table that is in use."""
        raise NotImplementedError


class Breaking(Rule):
    """A rule about what the version that runs cannot live with: an error in expand, a warning in a history that knows no phases, nothing in
    contract, for then that version is gone."""

    def look(self, at: Statement, within: Reading) -> Iterable[Hit]:
        """Pass over contract, and over tables that nobody uses yet."""
        if within.phase == "contract" or (at.action.table and within.new(at.action.table, at)):
            return ()
        return self.breaks(at, within)

    def breaks(self, at: Statement, within: Reading) -> Iterable[Hit]:
        """What breaks."""
        raise NotImplementedError


def apart(text: str) -> str:
    """The text in an autocommit block, as a revision has it."""
    return "with op.get_context().autocommit_block():\n" + textwrap.indent(text, "    ")
