"""What a schema is made of, in PostgreSQL's own words. Pure values; no connection anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bgmigrate.catalog.things import Thing
from bgmigrate.naming import ident, key, qualified


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A sequence; `options` is what follows its type in CREATE SEQUENCE, all of it said."""

    schema: str
    name: str
    type: str
    options: str

    @property
    def key(self) -> str:
        """`numbers`, or `schema.numbers` outside of public."""
        return key(self.schema, self.name)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column; `type` is format_type()'s text, `default` the deparsed expression (a generated column's as well)."""

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    identity: str = ""  # 'a' ALWAYS, 'd' BY DEFAULT
    identity_options: str | None = None
    generated: str = ""  # 's' STORED, 'v' VIRTUAL
    collation: str | None = None
    comment: str | None = None
    grants: str | None = None
    serial: str | None = None  # the sequence that it owns and takes its default from
    sequence: Sequence | None = None  # the one that its identity or default draws from, its own or not

    @property
    def definition(self) -> str:
        """What stands after the name in CREATE TABLE or ADD COLUMN."""
        parts = [self.type]
        if self.collation:
            parts.append(f"COLLATE {self.collation}")
        if self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.default}) {'STORED' if self.generated == 's' else 'VIRTUAL'}")
        elif self.identity:
            parts.append(f"GENERATED {'ALWAYS' if self.identity == 'a' else 'BY DEFAULT'} AS IDENTITY {self.identity_options or ''}".strip())
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.not_null:
            parts.append("NOT NULL")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A table constraint: `kind` is p, u, f, c or x as in pg_constraint.contype."""

    oid: int
    name: str
    kind: str
    definition: str
    columns: tuple[str, ...] = ()
    references: str | None = None  # table key
    on_delete: str = ""
    validated: bool = True
    comment: str | None = None
    index: int = 0  # the oid of the index that it is made of; a foreign key's: of the one that it points to
    operators: tuple[str, ...] = ()  # an exclusion constraint's, as SQL


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index; `constraint` says that a constraint owns it."""

    oid: int
    name: str
    definition: str
    unique: bool = False
    valid: bool = True
    constraint: bool = False
    columns: tuple[str, ...] = ()
    partial: bool = False
    expression: bool = False
    comment: str | None = None
    elements: tuple[str, ...] = ()  # what it sorts by: columns and expressions, as SQL
    predicate: str | None = None
    nulls_distinct: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def nameless(self) -> str:
        """The definition with `*` for the name, to find the same index under another."""
        return re.sub(r"INDEX (?:\"(?:[^\"]|\"\")+\"|\S+) ON", "INDEX * ON", self.definition, count=1)

    def named(self, name: str) -> str:
        """The definition of the same index under another name."""
        return self.nameless.replace("INDEX * ON", f"INDEX {ident(name)} ON", 1)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with everything that is created together with it."""

    oid: int
    schema: str
    name: str
    kind: str = "r"
    comment: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)  # storage parameters, in their order; those of its TOAST table begin with `toast.`
    grants: str | None = None
    partition_by: str | None = None
    persistence: str = "p"
    inherited: bool = False  # do other tables inherit from it?
    tablespace: str | None = None
    access_method: str | None = None  # None: the default one
    replica_identity: str = "DEFAULT"
    row_security: tuple[bool, bool] = (False, False)  # enabled, and forced on its owner too
    columns: Mapping[str, Column] = field(default_factory=dict)
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`users`, or `schema.users` outside of public."""
        return key(self.schema, self.name)

    @property
    def sql(self) -> str:
        """Its name as SQL."""
        return qualified(self.key)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The primary key's columns in order; empty when there is none."""
        return next((c.columns for c in self.constraints.values() if c.kind == "p"), ())


@dataclass(frozen=True, kw_only=True)
class UserType:
    """An enum ('e', labels in order) or a domain ('d', its definition)."""

    schema: str
    name: str
    kind: str
    labels: tuple[str, ...] = ()
    definition: str | None = None

    @property
    def key(self) -> str:
        """`mood`, or `schema.mood` outside of public."""
        return key(self.schema, self.name)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All of it, by key."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    types: Mapping[str, UserType] = field(default_factory=dict)
    sequences: Mapping[str, Sequence] = field(default_factory=dict)
    schemas: frozenset[str] = frozenset()
    things: Mapping[tuple[str, str, str], Thing] = field(default_factory=dict)

    @property
    def enums(self) -> dict[str, tuple[str, ...]]:
        """Enum types with their labels in order."""
        return {k: t.labels for k, t in self.types.items() if t.kind == "e"}
