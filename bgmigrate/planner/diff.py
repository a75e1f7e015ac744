"""What two schemas differ in. Pure; names that only PostgreSQL gave are no difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from bgmigrate.catalog import Column, Constraint, Index, Schema, Table
from bgmigrate.changes import Difference
from bgmigrate.changes.difference import What
from bgmigrate.naming import split
from bgmigrate.snapshot import Snapshot

T = TypeVar("T")

_COLUMN = (("not null", "not_null"), ("default", "default"), ("collation", "collation"), ("comment", "comment"))


# What a statement says that makes such a thing.
_MADE = {
    "function": "CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)", "view": "CREATE (OR REPLACE )?(RECURSIVE )?VIEW",
    "materialized view": "CREATE MATERIALIZED VIEW", "trigger": "CREATE (OR REPLACE )?(CONSTRAINT )?TRIGGER", "policy": "CREATE POLICY",
    "statistics": "CREATE STATISTICS",
}
_SAID: dict[What, str] = {"replica identity": "REPLICA IDENTITY", "row security": "ROW LEVEL SECURITY"}


def diff(
    have: Schema, want: Schema, target: Snapshot, blue: Snapshot | None = None, *, concerns: Callable[[str], bool] = lambda table: True
) -> list[Difference]:
    """Every difference, in a fixed order. `concerns`: is a table that only `have` has Alembic's business (env.py's include_name and such)?

    What no table holds (a sequence) and only `have` has is a difference when `blue`'s models made it: else it is the migrations' own.
    """
    out: list[Difference] = []
    for key in sorted(have.types.keys() | want.types.keys()):
        a, b = have.types.get(key), want.types.get(key)
        if (a is None) != (b is None) or (a and b and (a.kind, a.labels, a.definition) != (b.kind, b.labels, b.definition)):
            out.append(Difference(what="user type", table=None, name=key, have=a, want=b))
    for key in sorted(have.sequences.keys() | want.sequences.keys()):
        x, y = have.sequences.get(key), want.sequences.get(key)
        if x != y and (y or (x and blue and blue.makes("CREATE SEQUENCE", x.name))):
            out.append(Difference(what="sequence", table=None, name=key, have=x, want=y))
    for key in sorted(have.tables.keys() | want.tables.keys()):
        a_table, b_table = have.tables.get(key), want.tables.get(key)
        if a_table and b_table:
            out += _table(a_table, b_table, _given(target, key), blue)
        elif b_table or concerns(key):
            out.append(Difference(what="table", table=key, name=key, have=a_table, want=b_table))
            out += _of_new(b_table) if b_table else []
    return out + list(_things(have, want, blue))


def _of_new(table: Table) -> Iterator[Difference]:
    """What CREATE TABLE does not say of a new table."""
    yield from _altered(Table(oid=0, schema=table.schema, name=table.name), table, None)
    for name, constraint in table.constraints.items():
        if constraint.comment:
            yield Difference(what="constraint comment", table=table.key, name=name, have=None, want=constraint.comment)


def _things(have: Schema, want: Schema, blue: Snapshot | None) -> Iterator[Difference]:
    """In the order in which they were made, for one may need another."""
    for thing in (*want.things.values(), *(t for k, t in have.things.items() if k not in want.things)):
        x, y = have.things.get(thing.key), want.things.get(thing.key)
        if y and (x is None or (x.definition, x.state) != (y.definition, y.state)):
            yield Difference(what=y.kind, table=y.table, name=y.named, have=x, want=y)
        elif x and not y and (x.table is None or x.table in want.tables) and blue and blue.makes(_MADE[x.kind], x.name, *_bare(x.table)):
            yield Difference(what=x.kind, table=x.table, name=x.named, have=x, want=None)


def _bare(table: str | None) -> list[str]:
    return [split(table)[1]] if table else []


def _given(target: Snapshot, key: str) -> frozenset[str]:
    table = target.tables.get(key)
    return frozenset(table.names) if table else frozenset()


def _table(have: Table, want: Table, given: frozenset[str], blue: Snapshot | None) -> Iterator[Difference]:
    def differs(what: Any, name: str, a: Any, b: Any) -> Difference:
        return Difference(what=what, table=want.key, name=name, have=a, want=b)

    for name in list(want.columns) + [c for c in have.columns if c not in want.columns]:
        a, b = have.columns.get(name), want.columns.get(name)
        if a is None or b is None:
            yield differs("column", name, a, b)
        else:
            yield from (differs(what, name, x, y) for what, x, y in _column(a, b))
    yield from (differs("constraint", n, x, y) for n, x, y in _unmatched(have.constraints, want.constraints, _constraint_text, given))
    for name, wanted in want.constraints.items():  # by name or, where that is PostgreSQL's, by text
        alike = have.constraints.get(name) or next((c for c in have.constraints.values() if _constraint_text(c) == _constraint_text(wanted)), None)
        if alike and wanted.validated and not alike.validated and _constraint_text(alike) == _constraint_text(wanted):
            yield differs("validation", alike.name, alike, wanted)
    for name, constraint in want.constraints.items():
        said = have.constraints[name].comment if name in have.constraints else None
        if said != constraint.comment:
            yield differs("constraint comment", name, said, constraint.comment)
    plain = {n: i for n, i in have.indexes.items() if not i.constraint}, {n: i for n, i in want.indexes.items() if not i.constraint}
    yield from (differs("index", n, x, y) for n, x, y in _unmatched(*plain, _index_text, given))
    if have.comment != want.comment:
        yield differs("comment", "", have.comment, want.comment)
    for what, x, y in (("storage parameters", have.options, want.options), ("partitioning", have.partition_by, want.partition_by),
                       ("persistence", have.persistence, want.persistence), ("tablespace", have.tablespace, want.tablespace),
                       ("access method", have.access_method, want.access_method)):
        if y and x != y:  # a model that says nothing of it is content with what there is
            yield differs(what, "", x, y)
    yield from _altered(have, want, blue)


def _altered(have: Table, want: Table, blue: Snapshot | None) -> Iterator[Difference]:
    """What only ALTER TABLE says, which a model does by DDL of its own; what it takes back is a difference where blue's model had said it."""
    alike: tuple[tuple[What, Any, Any, Any], ...] = (
        ("replica identity", have.replica_identity, want.replica_identity, "DEFAULT"),
        ("row security", have.row_security, want.row_security, (False, False)),
    )
    for what, x, y, plain in alike:
        if x != y and (y != plain or (blue and blue.makes(_SAID[what], want.name))):
            yield Difference(what=what, table=want.key, name="", have=x, want=y)


def _column(have: Column, want: Column) -> Iterator[tuple[str, Any, Any]]:
    if have.type != want.type:
        yield "type", have, want
    # another type gives its identity other bounds by itself
    if have.identity != want.identity or (have.type == want.type and have.identity_options != want.identity_options):
        yield "identity", have, want
    generated = have.generated or want.generated
    if generated and (have.generated, have.default) != (want.generated, want.default):
        yield "generated", have, want
    for what, attribute in _COLUMN:
        a, b = getattr(have, attribute), getattr(want, attribute)
        if attribute == "default":
            if generated:
                continue  # its expression, or goes with it
            if have.serial and want.serial:
                continue  # each owns its sequence, whatever its name
            if have.type != want.type and a and b and a.split("::")[0] == b.split("::")[0]:
                continue  # the same default, shown with the other type
        if a != b:
            yield what, a, b


def _constraint_text(constraint: Constraint) -> tuple[str, str]:
    return constraint.kind, constraint.definition


def _index_text(index: Index) -> tuple[str, str]:
    return "", index.nameless


def _unmatched(
    have: Mapping[str, T], want: Mapping[str, T], text: Callable[[T], tuple[str, str]], given: frozenset[str]
) -> Iterator[tuple[str, T | None, T | None]]:
    """By name where the names agree; else by definition, where the wanted name is only PostgreSQL's."""
    rest = {n: x for n, x in have.items() if n not in want}
    for name, wanted in want.items():
        if name in have:
            if text(have[name]) != text(wanted):
                yield name, have[name], wanted
            continue
        twin = next((n for n, x in rest.items() if text(x) == text(wanted)), None) if name not in given else None
        if twin:
            del rest[twin]
        else:
            yield name, None, wanted
    for name, left in rest.items():
        yield name, left, None
