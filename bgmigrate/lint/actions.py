"""What a statement does to the schema, whether it was written as an Alembic operation or as SQL. Pure values; tables as `schema.name`, or `name`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["unique", "primary key", "check", "foreign key", "exclude", "not null", ""]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as a statement defines it; types, defaults and expressions are SQL."""

    name: str
    type: str = ""
    nullable: bool = True
    default: str | None = None
    identity: bool = False
    generated: Literal["", "stored", "virtual"] = ""
    primary_key: bool = False
    unique: bool = False
    check: bool = False
    references: str = ""

    @property
    def numbers_itself(self) -> bool:
        """Is it serial or an identity?"""
        return self.identity or "serial" in self.type.lower()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing done; `table` is the one it is about, where it is about one."""

    table: str = ""


@dataclass(frozen=True, kw_only=True)
class AddConstraint(Action):
    """`index`: of USING INDEX; `valid` is False for NOT VALID."""

    name: str = ""
    kind: Kind = ""
    columns: tuple[str, ...] = ()
    valid: bool = True
    index: str = ""
    references: str = ""
    referred: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateTable(Action):
    columns: tuple[Column, ...] = ()
    constraints: tuple[AddConstraint, ...] = ()
    partition_of: str = ""
    takes_rest: bool = False  # PARTITION OF … DEFAULT
    guarded: bool = False  # IF NOT EXISTS

    @property
    def references(self) -> tuple[str, ...]:
        """The other tables that its foreign keys point to."""
        named = [c.references for c in self.columns] + [c.references for c in self.constraints]
        return tuple(dict.fromkeys(t for t in named if t and t != self.table))


@dataclass(frozen=True, kw_only=True)
class DropTable(Action):
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class AddColumn(Action):
    column: Column


@dataclass(frozen=True, kw_only=True)
class DropColumn(Action):
    column: str


@dataclass(frozen=True, kw_only=True)
class AlterType(Action):
    """`was`: the type before, as the revision says; nothing where it does not."""

    column: str
    type: str
    was: str = ""
    using: str = ""


@dataclass(frozen=True, kw_only=True)
class SetNotNull(Action):
    column: str


@dataclass(frozen=True, kw_only=True)
class DropNotNull(Action):
    column: str


@dataclass(frozen=True, kw_only=True)
class SetDefault(Action):
    column: str
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class DropConstraint(Action):
    name: str
    kind: Kind = ""
    cascade: bool = False
    guarded: bool = False  # IF EXISTS


@dataclass(frozen=True, kw_only=True)
class ValidateConstraint(Action):
    name: str


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Action):
    """`columns`: names, or expressions in parentheses. `predicate`: of a partial index."""

    name: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    concurrently: bool = False
    guarded: bool = False
    method: str = ""
    predicate: str = ""
    only: bool = False  # ON ONLY: a partitioned table's, without its partitions'


@dataclass(frozen=True, kw_only=True)
class DropIndex(Action):
    name: str
    concurrently: bool = False


@dataclass(frozen=True, kw_only=True)
class Reindex(Action):
    name: str
    concurrently: bool = False


@dataclass(frozen=True, kw_only=True)
class RenameColumn(Action):
    column: str
    to: str


@dataclass(frozen=True, kw_only=True)
class RenameTable(Action):
    """`to`: the new name, in the same schema unless `moved`; then the same name in the schema `to`."""

    to: str
    moved: bool = False


@dataclass(frozen=True, kw_only=True)
class RenameSchema(Action):
    schema: str
    to: str


@dataclass(frozen=True, kw_only=True)
class CreateType(Action):
    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConstrainDomain(Action):
    """CREATE DOMAIN with a constraint, or a constraint added to one."""

    name: str


@dataclass(frozen=True, kw_only=True)
class AddEnumValue(Action):
    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class RenameEnumValue(Action):
    type: str
    value: str
    to: str


@dataclass(frozen=True, kw_only=True)
class AttachPartition(Action):
    partition: str
    takes_rest: bool = False  # DEFAULT


@dataclass(frozen=True, kw_only=True)
class DetachPartition(Action):
    partition: str
    concurrently: bool = False


@dataclass(frozen=True, kw_only=True)
class Truncate(Action):
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class DropSchema(Action):
    schema: str
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class CreateTrigger(Action):
    name: str
    before: bool = False  # BEFORE, of rows: it may change them


@dataclass(frozen=True, kw_only=True)
class DropTrigger(Action):
    name: str


@dataclass(frozen=True, kw_only=True)
class Rewrite(Action):
    """A command that writes a table anew: VACUUM FULL, CLUSTER, SET TABLESPACE …, REFRESH MATERIALIZED VIEW."""

    how: str


@dataclass(frozen=True, kw_only=True)
class Change(Action):
    """INSERT, UPDATE or DELETE. `limited`: has it a WHERE? `text`: as SQL, shortened by whoever shows it. `uses`: the literals in it."""

    verb: str
    limited: bool = False
    text: str = ""
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lock(Action):
    mode: str = "ACCESS EXCLUSIVE"


@dataclass(frozen=True, kw_only=True)
class Transact(Action):
    """BEGIN, COMMIT, ROLLBACK and the like, written by the revision itself."""

    verb: str


@dataclass(frozen=True, kw_only=True)
class Ours(Action):
    """One of bgmigrate's own operations that does nothing to the schema; `columns`: those that it fills."""

    verb: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Opaque(Action):
    """What could not be read."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Other(Action):
    """Read and understood. `mode`: the lock that it takes on `table`, where it takes one."""

    what: str = ""
    mode: str = ""
