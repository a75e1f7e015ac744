"""What PostgreSQL says at DEBUG1 of its own work: it says it for an empty table, too, so the size of the copy does not matter.

Source: PostgreSQL, src/backend/commands/tablecmds.c (ATRewriteTable, NotNullImpliedByRelConstraints, validateForeignKeyConstraint) and
src/backend/catalog/index.c (index_build).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_REWRITING = re.compile(r'rewriting table "(.+)"$')
_VERIFYING = re.compile(r'verifying table "(.+)"$')
_FOREIGN_KEY = re.compile(r'validating foreign key constraint "(.+)"$')
_BUILDING = re.compile(r'building index "(.+)" on table "(.+?)"(?: |$)')
_PROVED = re.compile(r'existing constraints on (?:column|table) "(.+?)" are sufficient|partition constraint for table "(.+?)" is implied')


@dataclass(frozen=True, kw_only=True)
class Work:
    """Names are as the server says them, without a schema."""

    rewrites: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    foreign_keys: tuple[str, ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()  # (index, table)
    proved: tuple[str, ...] = ()


def read(notices: Iterable[str]) -> Work:
    """The work behind one statement's notices."""
    every = list(dict.fromkeys(notices))
    return Work(
        rewrites=tuple(m[1] for n in every if (m := _REWRITING.match(n))), verified=tuple(m[1] for n in every if (m := _VERIFYING.match(n))),
        foreign_keys=tuple(m[1] for n in every if (m := _FOREIGN_KEY.match(n))),
        indexes=tuple((m[1], m[2]) for n in every if (m := _BUILDING.match(n))),
        proved=tuple(m[1] or m[2] for n in every if (m := _PROVED.match(n))),
    )
