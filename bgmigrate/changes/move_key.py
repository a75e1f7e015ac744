"""How a row of the new table finds its row in the old one, and back; and everything else that must be so before columns can move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bgmigrate.catalog import Table
from bgmigrate.findings import Finding
from bgmigrate.ops.move_rules import copied
from bgmigrate.sql.references import references

Parts = Sequence[Mapping[str, Any]]


def key_of(new: Table, old: Table, parts: Parts) -> tuple[str, ...] | str:
    """The new table's unique columns of which `forward` says the old row's key and, in a constant, which part a row is; or why there are none."""
    why = f"{new.key} has no primary key or unique constraint among the columns that `forward` gives"
    for columns in _unique(new):
        if not all({*columns} <= p["forward"].keys() for p in parts):
            continue
        first = parts[0]["forward"]
        link = {c: o for c in columns if (o := copied(first[c], old.columns)) and all(p["forward"][c] == first[c] for p in parts)}
        fixed = [c for c in columns if c not in link]
        if not any({*link.values()} == {*k} for k in _unique(old, required=True)):
            why = f"of {', '.join(columns)} no copy of the whole primary key (or another unique key) of {old.key} is part"
        elif variable := [c for c in fixed for p in parts if references(p["forward"][c], old.columns) or "(" in p["forward"][c]]:
            why = f"{variable[0]} is neither a copy of a key column of {old.key} nor a constant"
        elif len({tuple(p["forward"][c].strip() for c in fixed) for p in parts}) < len(parts):
            why = f"two mappings of `forward` give rows with the same {', '.join(columns)}"
        else:
            return columns
    return why


def obstacles(new: Table, old: Table, stays: Table, parts: Parts) -> list[Finding]:
    """Everything that is wrong with the hint; `stays`: the old table as green has it."""
    return [*_columns(new, old, stays, parts), *_key(new, old, parts)]


def _columns(new: Table, old: Table, stays: Table, parts: Parts) -> Iterator[Finding]:
    given = [c for p in parts for c in p["forward"]]
    for column in dict.fromkeys(c for c in given if c not in new.columns):
        yield _wrong(new, f"`forward` gives {new.key}.{column}, which does not exist", "Correct the column's name.")
    if len({frozenset(p["forward"]) for p in parts}) > 1:
        yield _wrong(new, "the mappings of `forward` give different columns", "Let each give all of them; NULL is a value, too.")
    back = dict.fromkeys(c for p in parts for c in p.get("backward", {}))
    for column in (c for c in back if c not in old.columns):
        yield _wrong(new, f"`backward` gives {old.key}.{column}, which does not exist", "Correct the column's name.")
    for column in (c for c in back if c in stays.columns):
        yield _wrong(new, f"`backward` gives {old.key}.{column}, which green still has", "Leave it out, or drop the column from green's model.")
    for column in dict.fromkeys(c for p in parts for c, sql in p.get("backward", {}).items() if sql.strip().upper() == "NULL"):
        yield _wrong(
            new, f"`backward` gives {old.key}.{column} nothing but NULL, so that every write of green's would empty it",
            f"Leave it out here and say it in the info of {old.key}: \"backward\": {{\"{column}\": \"NULL\"}}.",
        )
    for column in (c for c in back if c in old.columns and (old.columns[c].generated or old.columns[c].identity == "a")):
        yield _wrong(new, f"`backward` gives {old.key}.{column}, which the database computes by itself", "Leave it out.")
    for name, want in new.columns.items():
        free = want.not_null and want.default is None and not (want.identity or want.generated or want.serial)
        if free and name not in given:
            yield Finding(
                code="BGM206", table=new.key, column=name, what=f"{new.key}.{name} is NOT NULL, and nothing says what it is for blue's rows",
                why=f"Blue does not know {new.key}: a trigger makes its rows.", next=f"Give it in `forward` on {new.key}, or give it a default.",
            )


def _key(new: Table, old: Table, parts: Parts) -> Iterator[Finding]:
    found = key_of(new, old, parts)
    if isinstance(found, str):
        yield _wrong(
            new, found,
            f"Let a unique key of {new.key} be made of copies of the key of {old.key}" + (
                " and a column that is another constant in each mapping." if len(parts) > 1 else "."
            ),
        )


def _unique(table: Table, *, required: bool = False) -> Iterator[tuple[str, ...]]:
    """Sets of columns that identify a row, the primary key first; `required`: only where none may be NULL."""
    constraints = sorted((c for c in table.constraints.values() if c.kind in "pu"), key=lambda c: (c.kind, c.name))
    sets = [c.columns for c in constraints if "DEFERRABLE" not in c.definition]
    plain = (i for i in table.indexes.values() if i.unique and not (i.constraint or i.partial or i.expression) and " INCLUDE " not in i.definition)
    sets += [i.columns for i in plain]
    yield from (s for s in sets if not required or all(table.columns[c].not_null for c in s))


def _wrong(new: Table, what: str, next: str) -> Finding:
    return Finding(
        code="BGM901", table=new.key, what=f"the hint on {new.key} cannot be followed: {what}",
        why="Which row belongs to which, and what each says of the other, would be guessed.", next=next,
    )
