"""Hints for models: `mapped_column(info=renamed_from("name"))`, `info=forward("age::integer")`, `{"info": backward(name="…")}`.

Plain dictionaries; an application that uses them needs bgmigrate only where it imports this module, and may write them by hand instead.
"""

from __future__ import annotations

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
