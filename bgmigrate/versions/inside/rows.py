"""Rows of a version: what its ORM or its Core statements would write, their parents first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Set, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import Version, class_name, table_key
    from bgmigrate.versions.inside.discriminator import told_apart_by
    from bgmigrate.versions.inside.hierarchy import base_of
    from bgmigrate.versions.inside.samples import CannotMake, Sampler
    from bgmigrate.versions.inside.session import attempt, key_of, told
    from bgmigrate.versions.inside.shared import Shared


class Target:
    """One class, or one table that no class maps (an association table, a Core table)."""

    def __init__(self, table: Any, mapper: Any = None) -> None:
        self.table, self.mapper = table, mapper
        self.key = table_key(table)
        self.name = class_name(mapper.class_) if mapper is not None else self.key
        # attribute key (or column name) by column; of columns that an attribute spans (inheritance) the first is written
        self.columns: Dict[Any, str] = {}
        self.same: Dict[Any, Any] = {}
        if mapper is None:
            self.columns = {c: c.name for c in table.columns}
            return
        for attr in mapper.column_attrs:
            real = [c for c in attr.columns if getattr(c, "table", None) in mapper.tables]
            if real:
                self.columns[real[0]] = attr.key
                self.same.update(dict.fromkeys(real, real[0]))

    def is_generated(self, column: Any) -> bool:
        """Whether the server alone writes it."""
        return column.computed is not None or (column.identity is not None and bool(column.identity.always)) or bool(column.system)

    def is_automatic(self, column: Any) -> bool:
        """Whether a key numbers itself, in this table or in the one that its class inherits from."""
        alike = [c for c, first in self.same.items() if first is column] or [column]
        return any(c is c.table._autoincrement_column or c.identity is not None for c in alike)

    def is_the_mappers(self, column: Any) -> bool:
        """Whether the mapper itself writes it: the discriminator of a hierarchy, the version counter."""
        if self.mapper is None:
            return False
        return column is self.mapper.version_id_col or self.same.get(self.mapper.polymorphic_on) is column

    def is_required(self, column: Any) -> bool:
        """Whether an INSERT without it is bound to fail by the version's own model."""
        if column.primary_key:
            return column.default is None and column.server_default is None and not self.is_automatic(column)
        return not column.nullable and column.default is None and column.server_default is None


class ParentFailed(Exception):
    """The row that a foreign key wants could not be written; nothing is known of the row that wanted it."""

    def __init__(self, table: str, original: Exception) -> None:
        super().__init__("its parent in %s cannot be written: %s" % (table, str(getattr(original, "orig", None) or original).strip().splitlines()[0]))
        self.table, self.original = table, original


def targets(version: Version) -> List[Target]:
    """Everything that can have rows: concrete classes, then tables that no class maps."""
    from sqlalchemy import Table

    out: List[Target] = []
    mapped: Set[Any] = set()
    for mapper in version.mappers():
        mapped.update(mapper.tables)
        abstract = mapper.polymorphic_on is not None and mapper.polymorphic_identity is None and len(list(mapper.self_and_descendants)) > 1
        if isinstance(mapper.local_table, Table) and not abstract:
            out.append(Target(mapper.local_table, mapper))
    order = {t: i for i, t in enumerate(version.tables())}
    out.sort(key=lambda t: order[t.table])
    return out + [Target(t) for t in version.tables() if t not in mapped]


class Link:
    """A foreign key's element, as the models have them, for one that only the database has."""

    def __init__(self, parent: Any, column: Any) -> None:
        self.parent, self.column = parent, column


class Maker:
    """Makes rows on one connection. `made` collects the keys of every row, parents included."""

    def __init__(self, version: Version, sampler: Sampler, connection: Any) -> None:
        self.connection, self.sampler = connection, sampler
        self.targets = targets(version)
        self.dialect = connection.dialect
        self._of_table: Dict[Any, Target] = {}
        for target in self.targets:
            held = self._of_table.get(target.table)
            if held is None or (target.mapper is not None and base_of(target.mapper) is target.mapper):
                self._of_table[target.table] = target
        self.made: List[Tuple[Target, Any]] = []
        self.shared = Shared(self)
        self._told_apart: Dict[Target, Dict[Any, Any]] = {}

    def of_table(self, table: Any) -> Optional[Target]:
        """What writes rows of a table."""
        return self._of_table.get(table)

    def settled(self, work: Callable[[Any], Any], *, keep: bool = False) -> Tuple[Any, Optional[Exception]]:
        """`attempt`, again with other values for as long as a CHECK refuses the ones we made."""
        self.sampler.before = dict(self.sampler.chosen)
        while True:
            self.made = []
            result, error = attempt(self.connection, work, keep=keep)
            if error is None:
                return result, None
            fault = told(getattr(error, "original", error))
            if not self.sampler.learn(fault.get("state"), key_of(fault), fault.get("constraint")):
                return None, error

    def insert(self, session: Any, target: Target, *, full: bool, fixed: Optional[Dict[Any, Any]] = None, path: Tuple[Any, ...] = (),
               distinct: bool = False) -> Any:
        """Write a row: only what the model requires, or everything; returns the instance, or a Core row's values.

        `distinct`: also what a constant default would make the same in a second row, in a column that is unique.
        """
        values = self.values(session, target, full=full, path=path)
        for column in target.columns if distinct else ():
            if column not in values and not column.foreign_keys and getattr(column.default, "is_scalar", False) and self.is_unique(column):
                values[column] = self.sampler.value(table_key(column.table), column, self.dialect, partial(self.accepts, target, column))
        values.update(fixed or {})
        if target.mapper is None:
            done = session.execute(target.table.insert().values({c.key: v for c, v in values.items()}))
            row: Any = {c: values.get(c) for c in target.columns}
            row.update(zip(target.table.primary_key, done.inserted_primary_key or ()))
        else:
            row = target.mapper.class_manager.new_instance()  # without __init__: it is the application's and wants its own arguments
            self.assign(target, row, values)
            on = target.mapper.polymorphic_on
            if on is not None and on in target.same:
                self.assign(target, row, {target.same[on]: target.mapper.polymorphic_identity})
            session.add(row)
            session.flush()
        self.made.append((target, row))
        return row

    def assign(self, target: Target, row: Any, values: Dict[Any, Any]) -> None:
        """Set attributes as the application would; a validator that refuses our value is passed by, for the statement is what is tried."""
        from sqlalchemy.orm import object_session
        from sqlalchemy.orm.attributes import flag_modified, instance_dict

        for column, value in values.items():
            name = target.columns[column]
            try:
                setattr(row, name, value)
            except Exception:  # a validator is the application's code and may raise anything
                instance_dict(row)[name] = value
                if object_session(row) is not None:
                    flag_modified(row, name)

    def values(self, session: Any, target: Target, *, full: bool, path: Tuple[Any, ...] = (), update: bool = False) -> Dict[Any, Any]:
        """Values by column, rows that foreign keys want made first. Raises CannotMake."""
        values: Dict[Any, Any] = {}
        kept: Set[Any] = set()
        for group in self.keys(target):
            locals_ = [e.parent for e in group]
            wanted = full or any(target.is_required(c) for c in locals_)
            if update and any(c.primary_key for c in locals_):
                kept.update(target.same.get(c, c) for c in locals_)  # the key stays, and with it what refers together with it
                continue
            if not wanted or any(target.same.get(c, c) in values for c in locals_):
                continue
            values.update(self.parent(session, target, group, path))
        values.update(self.told_apart(target))
        for column in target.columns:
            skipped = column in values or column in kept or target.is_generated(column) or target.is_the_mappers(column)
            if skipped or (column.primary_key and (update or target.is_automatic(column))):
                continue
            if full or target.is_required(column):
                values[column] = self.sampler.value(table_key(column.table), column, self.dialect, partial(self.accepts, target, column))
        return values

    def told_apart(self, target: Target) -> Dict[Any, Any]:
        """`told_apart_by`, asked once."""
        if target not in self._told_apart:
            self._told_apart[target] = told_apart_by(target, self.sampler, self.connection)
        return self._told_apart[target]

    def is_unique(self, column: Any) -> bool:
        """Whether a key of the database has it."""
        return any(column.name in columns for columns in self.sampler.facts.get(table_key(column.table), {}).get("keys", {}).values())

    def accepts(self, target: Target, column: Any, value: Any) -> bool:
        """Whether the class lets the attribute be set to it: a mutable dictionary takes no text, though its type would."""
        try:
            if target.mapper is not None:
                setattr(target.mapper.class_manager.new_instance(), target.columns[column], value)
        except Exception:  # a validator is the application's code and may raise anything
            return False
        return True

    def keys(self, target: Target) -> List[List[Any]]:
        """The foreign keys of the columns that are written, as lists of elements; not those that tie a class's own tables together.

        Those of many columns come first: what they refer to obeys the keys of fewer columns as well.
        """
        tables = list(target.mapper.tables) if target.mapper is not None else [target.table]
        out = []
        for table in tables:
            for constraint in sorted(table.foreign_key_constraints, key=lambda k: (-len(k.elements), sorted(str(e.parent.name) for e in k.elements))):
                elements = list(constraint.elements)
                joined = elements[0].column.table in tables and elements[0].column.table is not table
                if not joined and all(target.same.get(e.parent, e.parent) in target.columns for e in elements):
                    out.append(elements)
            out += self.unknown_keys(target, table)
        return out

    def unknown_keys(self, target: Target, table: Any) -> List[List[Any]]:
        """Foreign keys that the database has and the model does not: the application obeys them by its own means, and so must our rows."""
        known = [{str(e.parent.name) for e in k.elements} for k in table.foreign_key_constraints]
        tables = {table_key(t): t for t in self._of_table}
        out = []
        for key in self.sampler.facts.get(table_key(table), {}).get("foreign", []):
            there = tables.get(key["table"])
            mine, theirs = ({c.name: c for c in t.columns} if t is not None else {} for t in (table, there))
            if set(key["columns"]) in known or not (set(key["columns"]) <= set(mine) and set(key["referenced"]) <= set(theirs)):
                continue
            links = [Link(mine[c], theirs[r]) for c, r in zip(key["columns"], key["referenced"])]
            if all(target.same.get(e.parent, e.parent) in target.columns for e in links):
                out.append(links)
        return out

    def parent(self, session: Any, target: Target, group: List[Any], path: Tuple[Any, ...]) -> Dict[Any, Any]:
        """Values for a foreign key's columns, from a row that is made for them."""
        table = group[0].column.table
        columns = [target.same.get(e.parent, e.parent) for e in group]
        if table in path or (table is target.table and any(target.is_required(c) for c in columns)):
            if table is target.table and len(group) == 1:  # a required reference to its own table: the row refers to itself
                value = self.sampler.value(target.key, group[0].column, self.dialect)
                return {columns[0]: value, group[0].column: value}
            raise CannotMake("the foreign keys of %s and %s require each other" % (target.key, table_key(table)))
        parent = self.of_table(table)
        if parent is None:
            raise CannotMake("%s refers to %s, which the models do not have" % (target.key, table_key(table)))
        there = self.shared.values(target, group)
        if there is not None:
            return dict(zip(columns, there))
        try:
            # What an optional key wants may require another row of the target's table: one with only what that requires.
            within = (*path, target.table) if any(target.is_required(c) for c in columns) else path
            row = self.insert(session, parent, full=False, path=within, distinct=True)
        except (CannotMake, ParentFailed):
            raise
        except Exception as error:  # whatever it is, it is the parent's fault and is told there
            raise ParentFailed(parent.key, error) from error
        found = dict(zip(columns, self.read_columns(session, parent, row, [e.column for e in group])))
        if any(v is None for v in found.values()):
            for e in group:  # a foreign key to a column that the minimal row leaves empty
                if found[target.same.get(e.parent, e.parent)] is None:
                    value = self.sampler.value(parent.key, e.column, self.dialect)
                    session.execute(table.update().where(self.where(parent, row)).values({e.column.key: value}))
                    found[target.same.get(e.parent, e.parent)] = value
        return found

    def read_columns(self, session: Any, target: Target, row: Any, columns: List[Any]) -> List[Any]:
        """The row's values of these columns, as the ORM or the database has them."""
        from sqlalchemy import select

        if target.mapper is not None:
            return [getattr(row, target.columns[target.same.get(c, c)]) for c in columns]
        if all(row.get(c) is not None for c in columns):
            return [row[c] for c in columns]
        return list(session.execute(select(*columns).where(self.where(target, row))).one())

    def where(self, target: Target, row: Any) -> Any:
        """The condition that finds the row again."""
        from sqlalchemy import and_

        if target.mapper is not None:
            return and_(*(c == getattr(row, target.columns[target.same.get(c, c)]) for c in target.mapper.primary_key))
        key = [c for c in target.table.primary_key if row.get(c) is not None] or [c for c, v in row.items() if v is not None]
        return and_(*(c == row[c] for c in key))
