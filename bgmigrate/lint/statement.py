"""A statement where it stands: in which revision and phase, in which transaction, after which others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    Change,
    Column,
    CreateIndex,
    CreateTable,
    DropConstraint,
    Kind,
    RenameTable,
    ValidateConstraint,
)
from bgmigrate.lint.around import NOTHING, Around
from bgmigrate.lint.known import Known

Phase = Literal["expand", "contract", "history"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """`transaction`: a number, within the revision; None where none is open around it. `ours`: done by an operation of bgmigrate's own, `verb`.

    `column`: the one it is about, as it is until then; None where no revision says. `around`: what else is known until then.
    """

    action: Action
    number: int = 0
    line: int | None = None
    transaction: int | None = 0
    ours: bool = False
    verb: str = ""
    column: Column | None = None
    around: Around = NOTHING


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read of one revision. `known`: what the revisions before it made. `gated`: does its contract ask the gate?"""

    revision: str
    path: Path
    phase: Phase = "history"
    statements: Sequence[Statement] = ()
    known: Known = field(default_factory=Known)
    gated: bool = False
    sql: Sequence[tuple[int | None, str]] = ()  # what was written as SQL, and on which line
    small: frozenset[str] = frozenset()  # tables of which the configuration says that they are small
    steps: Sequence[Any] = ()  # the operations of ours among them
    _made: dict[int, set[str]] = field(default_factory=dict, compare=False, repr=False)  # what `new` has found out, by statement

    @property
    def traffic(self) -> bool:
        """Is a version certain to run that knows nothing of this revision?"""
        return self.phase == "expand"

    def before(self, statement: Statement) -> Sequence[Statement]:
        """The revision's statements up to this one."""
        return self.statements[: statement.number]

    def same_transaction(self, statement: Statement) -> Iterator[Statement]:
        """Those before it in its transaction."""
        if statement.transaction is not None:
            yield from (s for s in self.before(statement) if s.transaction == statement.transaction)

    def new(self, table: str, statement: Statement) -> bool:
        """Was the table made by this revision, so that nobody uses it yet? A table of which nothing is said counts as one that was there."""
        def made(a: Action) -> bool:
            return isinstance(a, CreateTable) and not a.partition_of and not (a.guarded and a.table in self.known.tables)

        if statement.number not in self._made:
            self._made[statement.number] = self._since(statement, made)
        return table in self._made[statement.number]

    def kind(self, statement: Statement) -> Kind:
        """What sort of constraint is dropped: as the revision says, or an earlier one, or the usual names do."""
        a = statement.action
        if not isinstance(a, DropConstraint):
            return ""
        table = self.original(a.table, statement)
        known = a.kind or self.known.kind(table, a.name)
        if known or (a.guarded and table in self.known.tables):  # of a table that is known, IF EXISTS names what is not there
            return known
        return next((kind for pattern, kind in _USUAL if re.search(pattern, a.name)), "")

    def emptied(self, table: str, statement: Statement) -> bool:
        """Has this revision deleted every row of it?"""
        return table in self._since(statement, lambda a: isinstance(a, Change) and a.verb == "DELETE" and not a.limited)

    def added(self, table: str, column: str, statement: Statement) -> bool:
        """Was the column added by this revision, so that no version knows it?"""
        return any(isinstance(s.action, AddColumn) and (s.action.table, s.action.column.name) == (table, column) for s in self.before(statement))

    def table_of(self, index: str, statement: Statement) -> str:
        """The table of an index; nothing where no revision says."""
        made = [s.action for s in self.before(statement) if isinstance(s.action, CreateIndex) and s.action.name == index]
        known = made[-1] if made else self.known.indexes.get(index)
        return known.table if known else ""

    def original(self, table: str, statement: Statement) -> str:
        """The name that the table had before this revision."""
        for s in reversed(self.before(statement)):
            if isinstance(s.action, RenameTable) and s.action.to == table:
                table = s.action.table
        return table

    def _since(self, statement: Statement, begins: Callable[[Action], bool]) -> set[str]:
        """The tables to which that has happened, under the names that they have by now."""
        out: set[str] = set()
        for s in self.before(statement):
            if begins(s.action):
                out.add(s.action.table)
            elif isinstance(s.action, RenameTable) and s.action.table in out:
                out.add(s.action.to)
        return out

    def exempt(self, table: str, statement: Statement) -> bool:
        """May the table be locked and scanned: new in this revision, or small by configuration?"""
        return self.new(table, statement) or table in self.small

    def proved_not_null(self, table: str, column: str, statement: Statement) -> bool:
        """Is there a validated CHECK (column IS NOT NULL), or from 18 on a NOT NULL that was, which spares SET NOT NULL its scan?"""
        proofs = ("check", "not null")
        checks = {name: (text, valid) for name, (kind, text, valid) in self.known.constraints_of(table).items() if kind in proofs}
        for s in self.before(statement):
            a = s.action
            if isinstance(a, AddConstraint) and a.table == table and a.kind in proofs:
                checks[a.name] = (a.text, a.valid)
            elif isinstance(a, ValidateConstraint) and a.table == table and a.name in checks:
                checks[a.name] = (checks[a.name][0], True)
        return any(valid and _means_not_null(text, column) for text, valid in checks.values())


# PostgreSQL's own names, and those of the naming convention that SQLAlchemy's documentation has.
_USUAL: tuple[tuple[str, Kind], ...] = (
    ("^fk_|_fkey$|_fk$", "foreign key"), ("^pk_|_pkey$", "primary key"), ("^ck_|_check$", "check"), ("^uq_|_key$", "unique"),
)


def _means_not_null(text: str, column: str) -> bool:
    plain = re.sub(r"[()\s]+", " ", text).strip().lower()
    name = column.lower()
    return re.search(rf'(?:^|\band )(?:\w+\.)?"?{re.escape(name)}"? is not null(?:$| and)', plain) is not None and " or " not in plain
