"""One documented operation: the models before it, what the migration says, the models after it, and what `plan` makes of the difference."""

from __future__ import annotations

from dataclasses import dataclass

PRELUDE = '''\
import enum
from sqlalchemy import *
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase

class Base(DeclarativeBase):
    pass

metadata = Base.metadata

'''


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How `plan` says no without a hint: the finding's code, what it is about, a word of the reason, and the hint that it asks for."""

    code: str
    about: str  # table, or table.column
    reason: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """`does`: operations as they stand in a revision file, several when the documentation has more than one form of the same.

    `changes`: what the plan consists of, as `kind table` or `kind table.column`; none: there is nothing to plan. `refusal`: what it says
    without `hints`, flags of `plan`; where it has none, nothing else is needed. `after` may hold the hint itself, and `unhinted` then not.
    """

    name: str
    does: tuple[str, ...]
    before: str
    after: str
    changes: tuple[str, ...] = ()
    refusal: Refusal | None = None
    hints: tuple[str, ...] = ()
    unhinted: str = ""
    setup: str = ""  # SQL that comes before all models: schemas and extensions are a migration's business
    since: int = 150000  # the server_version_num that it needs

    @property
    def refused_for_good(self) -> bool:
        """Is there no way to do this in one release?"""
        return self.refusal is not None and not self.changes


def table(name: str, *parts: str) -> str:
    """The text of a Table of these columns, constraints and options."""
    return f"Table({', '.join([repr(name), 'metadata', *parts])})\n"


ID = 'Column("id", Integer, primary_key=True)'
