"""Does blue obey a rule of green's already? Only then may it hold from expand on: even NOT VALID it would refuse blue's writes."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.catalog import Constraint, Index, Schema
from bgmigrate.changes.difference import Differences, NotPossible
from bgmigrate.errors import ConfigurationError
from bgmigrate.sql import compose
from bgmigrate.sql.foreign_keys import ForeignKey


def in_expand(differences: Differences, table: str, thing: Constraint | Index) -> bool:
    """Does the table's hint `blue_satisfies` name it, or do the live version's own models have the same?

    Raises ConfigurationError for a hint that names nothing of the table.
    """
    if any(differences.hints.waits(table, c) for c in ("", *thing.columns)):
        return False
    named = differences.hints.tables.get(table, {}).get("blue_satisfies", ())
    green = differences.green.tables[table]
    if unknown := [n for n in named if n not in green.constraints and n not in green.indexes]:
        raise ConfigurationError(
            f"the hint blue_satisfies on {table} names {unknown[0]!r}, which the target's table does not have",
            why="A misspelt hint would silently not apply.", next=f"Name one of: {', '.join(sorted({*green.constraints, *green.indexes}))}.",
        )
    return thing.name in named or _same(differences, table, thing)


def asked_to_go(differences: Differences, table: str, name: str) -> bool:
    """Does the table's hint `drop_in_expand` name it?"""
    return name in differences.hints.tables.get(table, {}).get("drop_in_expand", ())


def referable(differences: Differences, want: Constraint) -> bool:
    """Has what a foreign key points to a key on these columns before contract?"""
    key, table = ForeignKey.parse(want.definition), differences.renamed.tables.get(want.references or "")  # a renamed column's twins are there
    if table is None or key is None:
        return True  # a new table is created whole in expand
    return any(i.unique and not i.partial and not i.expression and {*i.columns} == {*key.referenced} for i in table.indexes.values())


def _same(differences: Differences, table: str, thing: Constraint | Index) -> bool:
    blue = _blue(differences)
    found = blue.tables.get(table) if blue else None
    if found is None:
        return False
    if isinstance(thing, Index):
        return any((i.nameless, i.constraint) == (thing.nameless, thing.constraint) for i in found.indexes.values())
    return any((c.kind, c.definition) == (thing.kind, thing.definition) for c in found.constraints.values())


def _blue(differences: Differences) -> Schema | None:
    """The schema that the live version's own create_all gives; None when no version is live, or its models cannot be built here."""
    if differences.blue is None:
        return None
    try:
        return differences.on_heads.after(*_cleared(differences.heads), *_schemas(differences), *differences.blue.ddl)
    except NotPossible:  # then nothing is known of what blue obeys, and the rule waits for contract
        return None


def _cleared(heads: Schema) -> Iterator[str]:
    yield from (compose("DROP TABLE {t:t} CASCADE", t=t) for t in heads.tables)
    yield from (compose("DROP SEQUENCE {s:t} CASCADE", s=s) for s in heads.sequences)
    yield from (compose("DROP {k:q} {t:t} CASCADE", k="DOMAIN" if u.kind == "d" else "TYPE", t=t) for t, u in heads.types.items())


def _schemas(differences: Differences) -> Iterator[str]:
    assert differences.blue
    yield from (compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=s) for s in differences.blue.schemas)
