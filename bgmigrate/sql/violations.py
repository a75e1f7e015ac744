"""The condition that a row breaks a rule which the table does not have yet, from the rule's own text. Pure; PostgreSQL reads what PostgreSQL wrote.

Conditions are over the table, named by its own name, and of one pass each: duplicates by grouping, never by joining every row with every other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bgmigrate.naming import split
from bgmigrate.sql import compose

_CHECK = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?\Z", re.S)


def check_text(definition: str) -> str | None:
    """The expression of a `CHECK (...)`; None where it is none that is enforced."""
    match = _CHECK.match(definition)
    return match[1] if match else None


def of_check(definition: str) -> str | None:
    """A row for which the check is false; NULL passes, as it does in the check."""
    text = check_text(definition)
    return compose("NOT ({c:q})", c=text) if text else None


def of_not_null(column: str) -> str:
    """A row without a value."""
    return compose("{c:i} IS NULL", c=column)


def of_unique(table: str, elements: Sequence[str], predicate: str | None, *, nulls_distinct: bool = True, only: bool = False) -> str:
    """A row that is not the only one with its values. `elements`: the index's columns and expressions, as SQL."""
    where = compose(" WHERE {p:q}", p=predicate) if predicate else ""
    if nulls_distinct:
        numbers = [str(n) for n in range(1, len(elements) + 1)]
        template = "({e:q}) IN (SELECT {e:q} FROM {o:q}{t:t}{w:q} GROUP BY {n:q} HAVING count(*) > 1)"
        same = compose(template, e=elements, o=_only(only), t=table, w=where, n=numbers)
    else:  # IS NOT DISTINCT FROM can be neither hashed nor merged
        same = compose(
            "(tableoid, ctid) IN (SELECT bgm_table, bgm_row FROM (SELECT tableoid AS bgm_table, ctid AS bgm_row, count(*) OVER (PARTITION BY {e:q})"
            " AS bgm_same FROM {o:q}{t:t}{w:q}) AS same WHERE bgm_same > 1)", e=elements, o=_only(only), t=table, w=where,
        )
    return _where(predicate, same)


def of_exclusion(table: str, elements: Sequence[str], operators: Sequence[str], predicate: str | None, *, only: bool = False) -> str:
    """A row that another one excludes. `operators`: as SQL, one for each element."""
    shown = [compose("{e:q} AS {n:i}", e=e, n=f"bgm_{i}") for i, e in enumerate(elements)]
    met = [compose("{n:i} {o:q} {e:q}", n=f"bgm_{i}", o=o, e=e) for i, (e, o) in enumerate(zip(elements, operators, strict=True))]
    other = compose(
        "EXISTS (SELECT FROM (SELECT tableoid AS bgm_table, ctid AS bgm_row, {s:q} FROM {o:q}{t:t}{w:q}) AS other"
        " WHERE (bgm_table, bgm_row) <> ({n:i}.tableoid, {n:i}.ctid) AND {m:q})",
        s=shown, o=_only(only), t=table, w=compose(" WHERE {p:q}", p=predicate) if predicate else "", n=split(table)[1], m=" AND ".join(met),
    )
    return _where(predicate, other)


def _where(predicate: str | None, condition: str) -> str:
    return compose("({p:q}) AND {c:q}", p=predicate, c=condition) if predicate else condition


def _only(only: bool) -> str:
    return "ONLY " if only else ""
