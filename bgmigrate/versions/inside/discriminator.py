"""What a row must say for a class to be loaded from it, where the discriminator is computed from columns and no mapper writes it."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from bgmigrate.versions.inside.rows import Target
    from bgmigrate.versions.inside.samples import Sampler
    from bgmigrate.versions.inside.session import attempt

MOST_COLUMNS, MOST_ROWS = 3, 300


def told_apart_by(target: Target, sampler: Sampler, connection: Any) -> Dict[Any, Any]:
    """Values of the columns that a computed discriminator (`polymorphic_on=case(…)`) reads, with which it says the class's identity.

    The server computes it for what the expression itself names, and for some values beside; {} where it is a column, or none of them will do.
    """
    on = target.mapper.polymorphic_on if target.mapper is not None else None
    if on is None or on in target.same or target.mapper.polymorphic_identity is None:
        return {}
    from sqlalchemy import literal, select
    from sqlalchemy.sql import visitors

    parts: List[Any] = list(visitors.iterate(on))
    columns = list(dict.fromkeys(target.same[p] for p in parts if p in target.same))
    if not 0 < len(columns) <= MOST_COLUMNS or any(c.foreign_keys or c.primary_key for c in columns):
        return {}
    named = [p.value for p in parts if p.__visit_name__ == "bindparam" and p.value is not None]

    def options(column: Any) -> List[Any]:
        some = [v for v in named if type(v) is column_type(column)] + [sampler.value(target.key, column, connection.dialect)]
        return some + ([True, False] if column_type(column) is bool else []) + ([None] if column.nullable else [])

    for values in itertools.islice(itertools.product(*map(options, columns)), MOST_ROWS):
        row = dict(zip(columns, values))

        def valued(part: Any, row: Dict[Any, Any] = row, **_: Any) -> Any:
            return literal(row[target.same[part]], part.type) if part in target.same else None

        traverse: Any = visitors.replacement_traverse
        found, error = attempt(connection, partial(computed, select(traverse(on, {}, valued))))
        if error is None and found == target.mapper.polymorphic_identity:
            return row
    return {}


def computed(query: Any, session: Any) -> Any:
    """What the server makes of it."""
    return session.execute(query).scalar()


def column_type(column: Any) -> Any:
    """The Python type of a column's values; None where its type does not say."""
    try:
        return column.type.python_type
    except NotImplementedError:
        return None
