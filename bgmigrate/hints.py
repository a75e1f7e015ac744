"""Hints for models: `mapped_column(info=renamed_from("name"))`, `info=forward("age::integer")`, `{"info": backward(name="…")}`.

Plain dictionaries; an application that uses them needs bgmigrate only where it imports this module, and may write them by hand instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def renamed_from(name: str | None) -> dict[str, Any]:
    """The column (or table) was called `name` before; None says that it is no rename, however much it looks like one."""
    return {"bgmigrate": {"renamed_from": name}}


def forward(sql: str) -> dict[str, Any]:
    """The column's value for rows of the version that does not know it: SQL over the table's columns."""
    return {"bgmigrate": {"forward": sql}}


def backward(**columns: str) -> dict[str, Any]:
    """For a table's `info`: what the columns that this version dropped read for the version that still has them."""
    return {"bgmigrate": {"backward": columns}}


def blue_satisfies(*constraints: str) -> dict[str, Any]:
    """For a table's `info`: constraints and unique indexes that the old version surely obeys, so that they may hold from expand on."""
    return {"bgmigrate": {"blue_satisfies": list(constraints)}}


def drop_in_expand(*constraints: str) -> dict[str, Any]:
    """For a table's `info`: unique and exclusion constraints (or unique indexes) that this version's writes break, so that expand drops them."""
    return {"bgmigrate": {"drop_in_expand": list(constraints)}}


def moved_from(
    table: str, *, forward: Mapping[str, str] | Sequence[Mapping[str, str]], when: str | Sequence[str] | None = None,
    backward: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """For a new table's `info`: its rows are columns of another table's.

    `forward` gives its columns from a row of the old table and `when` says which rows have one, in SQL over the old table's columns;
    `backward` gives the old columns, in SQL over its own. Where the old table had a group of columns several times, each is a list.
    """
    said: dict[str, Any] = {"moved_from": table, "forward": forward}
    return {"bgmigrate": said | ({} if when is None else {"when": when}) | ({} if backward is None else {"backward": backward})}
