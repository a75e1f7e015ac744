"""What one lifecycle case says: two versions' models, what each of them writes, and how one reads what the other wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["blue", "green"]
Row = Mapping[str, Any]
Judge = Callable[[Row], Mapping[str, Any]]

PRELUDE = '''\
from datetime import datetime
from decimal import Decimal
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s",
         "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}

class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)

'''


@dataclass(frozen=True, kw_only=True)
class Write:
    """One statement of a version. `values` and `key` are functions of a running number; without a key it is an INSERT."""

    table: str
    values: Callable[[int], dict[str, Any]] | None = None
    key: Callable[[int], Any] | None = None

    @property
    def kind(self) -> Literal["insert", "update", "delete"]:
        """What the statement is."""
        if self.key is None:
            return "insert"
        return "delete" if self.values is None else "update"


def insert(table: str, values: Callable[[int], dict[str, Any]]) -> Write:
    """A version inserts a row; what it does not name, its own models fill in."""
    return Write(table=table, values=values)


def update(table: str, key: Callable[[int], Any], values: Callable[[int], dict[str, Any]]) -> Write:
    """A version updates the row with that key, if there is one."""
    return Write(table=table, values=values, key=key)


def delete(table: str, key: Callable[[int], Any]) -> Write:
    """A version deletes the row with that key, if there is one."""
    return Write(table=table, key=key)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One table that both versions read. Columns of one name are equal; the functions give the others, as a value or a test of it.

    `key`: the column that tells rows apart, where the versions' primary keys are not the same one column.
    `blue`, `green`: the SELECT by which a version reads its rows where they are spread over several tables; `parts`: those tables that one version
    alone writes, each with the column that holds the key.
    """

    table: str
    key: str | None = None
    renamed: str = ""  # what green calls it, where that is another name
    to_green: Judge = lambda blue: {}
    to_blue: Judge = lambda green: {}
    blue: str = ""
    green: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of change through its whole life. `catalog_only` names tables whose rows and triggers nothing may touch."""

    kind: str
    blue: str
    green: str
    seed: str
    blue_writes: tuple[Write, ...]
    green_writes: tuple[Write, ...]
    seen: tuple[Seen, ...]
    name: str = ""
    green_seed: str = ""  # what green's statements need on an otherwise empty schema of green's own
    clean_up: str = ""  # makes green's rows obey blue's rules; without it rollback must refuse
    changes: tuple[str, ...] = ()  # words that the plan's changes must hold
    catalog_only: tuple[str, ...] = ()
    obeyed: tuple[str, ...] = ()  # constraints, or `table.column` for NOT NULL, that blue is known to obey, so that expand may add them
    stays: tuple[str, ...] = ()  # names in the catalog of what no rollback can take back, and must tell of
    by_hand: str = ""  # what a hand-written expand revision has made of blue's schema
    drift: str = ""  # what has become of the service's database alone
    mended: tuple[str, ...] = ()  # names of what is as the migrations say again from expand on, for good
    since: int = 0  # the PostgreSQL version that its models need
    filled: tuple[str, ...] = ()  # columns in which another value may take the place of a NULL, for its writer too
    contracts: bool = True  # is there anything for contract to do?
    final: tuple[tuple[str, list[tuple[Any, ...]]], ...] = ()  # queries of the contracted schema, and their rows

    @property
    def kept(self) -> tuple[str, ...]:
        """Names in the catalog of what rollback leaves as expand has made it."""
        return self.stays + self.mended

    @property
    def id(self) -> str:
        """The case's own name; that of its kind when it is the only one."""
        return self.name or self.kind


def given(value: object) -> bool:
    """A test of a value: it is there."""
    return value is not None


def anything(value: object) -> bool:
    """A test of a value: nothing is said of it."""
    return True
