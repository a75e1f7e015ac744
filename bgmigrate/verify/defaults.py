"""Does what a version leaves out become what its own model says? One column has one default, whichever version writes."""

from __future__ import annotations

import re

from bgmigrate.catalog import Column
from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.subject import Subject


def defaults(subject: Subject, other: Subject | None, have: Facts) -> list[Finding]:
    """Columns that the version leaves to their default, where the database has the other version's. What neither model says is none of them."""
    out = []
    for name, table in subject.snapshot.tables.items():
        here, own, theirs = (f.table(name) if f else None for f in (have, subject.own, other and other.own))
        if not here or not own or not theirs:
            continue
        for column, said in table.columns.items():
            if not said.server_default or said.default is not None or any(column not in t.columns for t in (here, own, theirs)):
                continue
            wanted, stands, brought = (_plain(t.columns[column]) for t in (own, here, theirs))
            if wanted is None or stands == wanted or stands != brought or (stands is None and here.columns[column].not_null):
                continue  # where nothing fills a NOT NULL column the round trip fails, and tells
            out.append(Finding(
                code="BGM209", severity="warning", version=subject.name, probe="shape", table=name, column=column,
                what=f"what {subject.name} leaves out of {name}.{column} becomes {stands or 'NULL'} here, not {wanted} as its model says",
                why="A column has one default, whichever version writes.",
                next=f"Let {subject.name} give the value itself if that matters; else change the default in contract.",
            ))
    return out


def _plain(column: Column) -> str | None:
    """The default without its cast, which is the column's type and not the value's; None of a column that numbers or computes itself."""
    if column.default is None or column.generated or column.serial:
        return None
    return re.sub(r"::[a-z][\w ]*(\(\d+\))?(\[\])?$", "", column.default)
