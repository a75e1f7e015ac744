"""Reading a schema, and its fingerprint, from the catalogs. Takes ACCESS SHARE on catalogs only; never waits for a table's lock."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from bgmigrate.catalog.things import Thing
from bgmigrate.catalog.values import Column, Constraint, Index, Schema, Sequence, Table, UserType
from bgmigrate.database import Connection
from bgmigrate.naming import is_gone, key, split
from bgmigrate.sql import template
from bgmigrate.sql.spelling import stable


def read(connection: Connection, *, ignore: Collection[str] = ("alembic_version",), tables: Collection[str] | None = None) -> Schema:
    """The application's schema. `ignore`: table names (any schema) that are not the application's, such as version
    tables.

    `tables`: only these (by key), and nothing that belongs to no table. What a contract holds in quarantine is no part of it.
    """
    names = None if tables is None else [split(t)[1] for t in tables]
    rows = connection.execute(template("catalog_tables").encode(), {"names": names}).fetchall()
    rows = [r for r in rows if r[2] not in ignore and not is_gone(r[2])]
    rows = [r for r in rows if tables is None or key(r[1], r[2]) in tables]
    oids = [r[0] for r in rows]
    columns, constraints, indexes = _columns(connection, oids), _constraints(connection, oids), _indexes(connection, oids)
    found = (
        Table(
            oid=oid, schema=schema, name=name, kind=kind, comment=comment, options=_parameters(options), grants=grants,
            partition_by=partition, persistence=persistence, tablespace=tablespace, access_method=method, inherited=inherited,
            replica_identity=replica, row_security=(secured, forced),
            columns=columns[oid], constraints=constraints[oid], indexes=indexes[oid],
        )
        for oid, schema, name, kind, comment, grants, partition, persistence, replica, secured, forced, options, tablespace, method, inherited in rows
    )
    if tables is not None:
        return Schema(tables={t.key: t for t in found})
    types = (
        UserType(schema=s, name=n, kind=k, labels=tuple(labels), definition=definition)
        for s, n, k, labels, definition in connection.execute(template("catalog_types").encode()).fetchall()
    )
    sequences = (
        Sequence(schema=s, name=n, type=t, options=o) for s, n, t, o in connection.execute(template("catalog_sequences").encode()).fetchall()
    )
    schemas = frozenset(r[0] for r in connection.execute("SELECT nspname FROM pg_namespace"))
    return Schema(
        schemas=schemas, tables={t.key: t for t in found}, types={t.key: t for t in types}, sequences={s.key: s for s in sequences},
        things=_things(connection, ignore),
    )


def reread(connection: Connection, schema: Schema, tables: Collection[str], *, ignore: Collection[str] = ("alembic_version",)) -> Schema:
    """A schema that was read before, after changes that concern only these tables (by key) and what stands beside the tables."""
    now = read(connection, ignore=ignore, tables=tables)
    return replace(schema, tables={**schema.tables, **now.tables}, things=_things(connection, ignore))


def _parameters(options: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (o.partition("=") for o in options)}


def _columns(connection: Connection, oids: list[int]) -> dict[int, dict[str, Column]]:
    out: dict[int, dict[str, Column]] = defaultdict(dict)
    for oid, name, type_, not_null, default, identity, generated, collation, comment, grants, schema, sequence, kind, options, owned in (
        connection.execute(template("catalog_columns").encode(), {"tables": oids})
    ):
        if is_gone(name):
            continue
        out[oid][name] = Column(
            name=name, type=type_, not_null=not_null, default=default and stable(default), identity=identity,
            identity_options=f"({options})" if identity else None,
            generated=generated, collation=collation, comment=comment, grants=grants, serial=sequence if owned and not identity else None,
            sequence=Sequence(schema=schema, name=sequence, type=kind, options=options) if sequence else None,
        )
    return out


def _constraints(connection: Connection, oids: list[int]) -> dict[int, dict[str, Constraint]]:
    out: dict[int, dict[str, Constraint]] = defaultdict(dict)
    for oid, table, name, kind, definition, validated, columns, references, on_delete, index, comment, operators in connection.execute(
        template("catalog_constraints").encode(), [oids]
    ):
        if any(map(is_gone, columns)):
            continue
        out[table][name] = Constraint(
            oid=oid, name=name, kind=kind, definition=stable(definition).removesuffix(" NOT VALID"), columns=tuple(columns), validated=validated,
            references=key(*references) if references else None, on_delete=on_delete.strip(), comment=comment, index=index,
            operators=tuple(operators),
        )
    return out


def _indexes(connection: Connection, oids: list[int]) -> dict[int, dict[str, Index]]:
    out: dict[int, dict[str, Index]] = defaultdict(dict)
    for row in connection.execute(template("catalog_indexes").encode(), [oids]):
        oid, table, name, definition, unique, valid, constraint, columns, partial, expression, comment, options, elements, predicate, distinct = row
        if any(map(is_gone, columns)):
            continue
        out[table][name] = Index(
            oid=oid, name=name, definition=stable(definition), unique=unique, valid=valid, constraint=constraint, columns=tuple(columns),
            partial=partial, expression=expression, comment=comment, options=_parameters(options), elements=tuple(map(stable, elements)),
            predicate=predicate and stable(predicate), nulls_distinct=distinct,
        )
    return out


def _things(connection: Connection, ignore: Collection[str]) -> dict[tuple[str, str, str], Thing]:
    rows = connection.execute(template("catalog_things").encode()).fetchall()
    found = (
        Thing(
            kind=kind, schema=schema, name=name, arguments=arguments, table=key(at_schema, at) if at else None, definition=definition.rstrip("\n"),
            state=state, calls=key(*calls) + "()" if calls else None, traits=frozenset(traits),
        )
        for kind, schema, name, arguments, at_schema, at, definition, state, calls, traits, _ in rows
    )
    return {t.key: t for t in found if t.table is None or split(t.table)[1] not in ignore}


def everything(connection: Connection, *, ignore: Collection[str] = ("alembic_version",)) -> list[tuple[Any, ...]]:
    """The whole schema as rows `(kind, name, text)`: the application's objects, and the functions that we made."""
    return connection.execute(template("catalog_everything").encode(), [list(ignore)]).fetchall()


def fingerprint(connection: Connection, *, ignore: Collection[str] = ("alembic_version",)) -> str:
    """A hash of `everything`: it changes whenever something changes that either version could notice."""
    return "sha256:" + hashlib.sha256(json.dumps([list(map(str, r)) for r in everything(connection, ignore=ignore)]).encode()).hexdigest()
