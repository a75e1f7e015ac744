"""What the revisions before one have made, as far as they say: tables, types of columns, constraints and indexes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    Column,
    ConstrainDomain,
    CreateIndex,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropNotNull,
    DropTable,
    Kind,
    RenameColumn,
    RenameTable,
    SetNotNull,
    ValidateConstraint,
)
from bgmigrate.lint.actions_beside import CreateView, DropView, Publish

Constraint = tuple[Kind, str, bool]  # its kind, its text, and whether it is validated


@dataclass
class Known:
    """Grows with each revision that is read, oldest first."""

    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    constraints: dict[str, dict[str, Constraint]] = field(default_factory=dict)
    keys: dict[str, list[AddConstraint]] = field(default_factory=dict)
    indexes: dict[str, CreateIndex] = field(default_factory=dict)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # a table's partitions
    defaults: frozenset[str] = frozenset()  # partitions that take what no other does
    views: dict[str, CreateView] = field(default_factory=dict)
    published: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()  # those that have a constraint
    later: frozenset[str] = frozenset()  # tables that some revision of the history makes
    gone: frozenset[str] = frozenset()

    def there(self, table: str) -> bool:
        """Has a database this table by now? One that no revision makes comes from elsewhere, and was there before."""
        return table in self.tables or not (table in self.later or table in self.gone)

    def copy(self) -> Known:
        """As it is now: `learn` puts new values in place of old ones and changes none."""
        return Known(
            tables=dict(self.tables), constraints=dict(self.constraints), keys=dict(self.keys), indexes=dict(self.indexes), later=self.later,
            gone=self.gone, domains=self.domains, parts=dict(self.parts), defaults=self.defaults,
            views=dict(self.views), published=self.published,
        )

    def below(self, table: str) -> list[str]:
        """Its partitions, and theirs."""
        return [p for part in self.parts.get(table, ()) for p in (part, *self.below(part))]

    def default_of(self, table: str) -> str:
        """The partition that takes what no other does; nothing where no revision makes one."""
        return next((p for p in self.parts.get(table, ()) if p in self.defaults), "")

    def key(self, table: str, name: str) -> AddConstraint | None:
        """A constraint by its name, which may be the one that PostgreSQL gives."""
        for k in self.keys.get(table, ()):
            if k.name == name or (not k.name and k.kind == "foreign key" and name == f"{table.rpartition('.')[2]}_{'_'.join(k.columns)}_fkey"):
                return k
        for c in self.tables.get(table, {}).values():
            if c.references and name == f"{table.rpartition('.')[2]}_{c.name}_fkey":
                return AddConstraint(table=table, name=name, kind="foreign key", columns=(c.name,), references=c.references)
        return None

    def reading(self, table: str, column: str = "") -> list[str]:
        """The views whose queries name the table; those that name the column, where one is given."""
        return [v.name for v in self.views.values() if table in v.tables and (not column or any(c in (column, "*") for _, c in v.uses))]

    def referring(self, table: str) -> list[str]:
        """The tables whose foreign keys point to it."""
        keys = [of for of, keys in self.keys.items() if any(k.references == table for k in keys)]
        inline = [of for of, columns in self.tables.items() if any(c.references == table for c in columns.values())]
        return [t for t in dict.fromkeys((*keys, *inline)) if t != table]

    def referred(self, table: str, column: str = "") -> list[str]:
        """The tables that its foreign keys point to; those over a column, where one is named."""
        keys = [k.references for k in self.keys.get(table, ()) if k.references and (not column or column in k.columns)]
        inline = [c.references for c in self.tables.get(table, {}).values() if c.references and (not column or c.name == column)]
        return [t for t in dict.fromkeys((*keys, *inline)) if t != table]

    def column(self, table: str, name: str) -> Column | None:
        """A column's definition; None where no revision says."""
        return self.tables.get(table, {}).get(name)

    def constraints_of(self, table: str) -> dict[str, Constraint]:
        """A table's constraints by name."""
        return self.constraints.get(table, {})

    def kind(self, table: str, name: str) -> Kind:
        """What sort of constraint that is; nothing where no revision says."""
        return self.constraints_of(table).get(name, ("", "", True))[0]

    def searchable(self, table: str) -> list[tuple[str, ...]]:
        """The columns of each index over all rows of the table, those of its keys included."""
        columns = self.tables.get(table, {}).values()
        out = [i.columns for i in self.indexes.values() if i.table == table and not i.predicate]
        out += [k.columns for k in self.keys.get(table, ()) if k.kind in ("unique", "primary key")]
        out += [(c.name,) for c in columns if c.unique]
        return [*out, tuple(c.name for c in columns if c.primary_key)]

    def learn(self, action: Action) -> None:
        """Take in what a statement makes."""
        table = action.table
        columns = self.tables.get(table, {})
        match action:
            case CreateTable():
                if not (action.guarded and table in self.tables):
                    self.tables[table] = {c.name: c for c in action.columns}
                    for c in action.constraints:
                        self.learn(c)
                    self._part(action.partition_of, table, default=action.takes_rest)
            case DropTable():
                self.gone |= {table}
                self.indexes = {n: i for n, i in self.indexes.items() if i.table != table}
                for of in (self.tables, self.constraints, self.keys):
                    of.pop(table, None)
            case AddColumn():
                self.tables[table] = {**columns, action.column.name: action.column}
            case DropColumn():
                if table in self.tables:
                    self.tables[table] = {n: c for n, c in columns.items() if n != action.column}
            case AlterType() | SetNotNull() | DropNotNull():
                was = columns.get(action.column, Column(name=action.column))
                kind, nullable = (action.type, was.nullable) if isinstance(action, AlterType) else (was.type, isinstance(action, DropNotNull))
                self.tables[table] = {**columns, action.column: replace(was, type=kind, nullable=nullable)}
            case RenameColumn():
                if action.column in columns:
                    self.tables[table] = {
                        c.name: c for c in (replace(c, name=action.to) if c.name == action.column else c for c in columns.values())
                    }
            case RenameTable():
                to = self._renamed(action)
                self.gone |= {table}
                held: list[dict[str, Any]] = [self.tables, self.constraints, self.keys]
                for each in held:
                    if table in each:
                        each[to] = each.pop(table)
            case AddConstraint():
                self.constraints[table] = {**self.constraints_of(table), action.name: (action.kind, action.text, action.valid)}
                self.keys[table] = [*self.keys.get(table, ()), action]
            case DropConstraint():
                self.constraints[table] = {n: c for n, c in self.constraints_of(table).items() if n != action.name}
                self.keys[table] = [k for k in self.keys.get(table, ()) if k.name != action.name]
            case ValidateConstraint():
                have = self.constraints_of(table)
                if action.name in have:
                    self.constraints[table] = {**have, action.name: (*have[action.name][:2], True)}
            case CreateView():
                self.views[action.name] = action
            case DropView():
                self.views.pop(action.name, None)
            case Publish():
                self.published |= set(action.tables)
            case AttachPartition():
                self._part(table, action.partition, default=action.takes_rest)
            case DetachPartition():
                self.parts[table] = tuple(p for p in self.parts.get(table, ()) if p != action.partition)
            case ConstrainDomain():
                self.domains |= {action.name.lower()}
            case CreateIndex():
                self.indexes[action.name] = action  # names are one to a schema; that two schemas share one is not told apart
            case DropIndex():
                self.indexes.pop(action.name, None)

    def _part(self, table: str, part: str, *, default: bool) -> None:
        if table:
            self.parts[table] = (*self.parts.get(table, ()), part)
            self.defaults |= {part} if default else frozenset()

    @staticmethod
    def _renamed(action: RenameTable) -> str:
        schema, _, name = action.table.rpartition(".")
        return f"{action.to}.{name}" if action.moved else ".".join(filter(None, (schema, action.to)))
