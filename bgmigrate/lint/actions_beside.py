"""What a statement does beside tables: views, publications, settings of the session, and loops of Python's."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.lint.actions import Action


@dataclass(frozen=True, kw_only=True)
class CreateView(Action):
    """`uses`: what its query names, a column as (table or alias, column); the table is empty where the query does not say. `*` is every column."""

    name: str
    tables: tuple[str, ...] = ()
    uses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DropView(Action):
    name: str


@dataclass(frozen=True, kw_only=True)
class Publish(Action):
    """CREATE or ALTER PUBLICATION: the tables that it adds; `*` for all of them."""

    tables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Configure(Action):
    """SET; `local`: until the transaction ends."""

    name: str
    value: str = ""
    local: bool = False


@dataclass(frozen=True, kw_only=True)
class RowByRow(Action):
    """A loop of Python's over rows that were read, which writes them one by one."""
