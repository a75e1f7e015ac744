"""Rows that others refer to, made once: the ancestors of each sample row would otherwise be written again for every statement that is tried."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Set, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import table_key
    from bgmigrate.versions.inside.rows import Maker, Target
    from bgmigrate.versions.inside.session import attempt

ROWS = 2  # so that an UPDATE has another one to refer to


class Shared:
    """Kept in the connection's own transaction, outside the savepoints in which things are tried."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.rows: Dict[Any, List[Dict[Any, Any]]] = {}  # by table: the values of the columns that foreign keys refer to
        self.turn = 0
        self.note: Optional[Callable[[Any], List[Any]]] = None  # says where the rows just made are, for whoever wants to meet them
        self.noted: List[Any] = []
        self._referred: Optional[Dict[Any, List[Any]]] = None

    def ready(self, target: Target, path: Tuple[Any, ...] = ()) -> None:
        """Have the rows that a target's rows refer to. To be called outside of what is tried; what cannot be made is left to be told there."""
        for group in self.maker.keys(target):
            table = group[0].column.table
            parent = self.maker.of_table(table)
            if table in self.rows or table in path or table is target.table or parent is None:
                continue
            self.rows[table] = []
            if not self.numerous(parent):
                continue
            self.ready(parent, (*path, target.table))
            for _ in range(ROWS):
                made, error = attempt(self.maker.connection, partial(self.make, parent=parent), keep=True)
                if error is not None or any(v is None for v in made.values()):
                    self.rows[table] = []
                    break
                self.rows[table].append(made)

    def make(self, session: Any, parent: Target) -> Dict[Any, Any]:
        """One row with no more than the model requires, and what foreign keys may refer to in it."""
        self.maker.made = []
        row = self.maker.insert(session, parent, full=False, distinct=True)
        self.noted += self.note(session) if self.note else []
        columns = self.referred().get(parent.table, [])
        return dict(zip(columns, self.maker.read_columns(session, parent, row, columns)))

    def values(self, target: Target, group: List[Any]) -> Optional[List[Any]]:
        """The values of a foreign key's columns; None where its row must have a parent of its own."""
        rows = self.rows.get(group[0].column.table, [])
        mine = {str(e.parent.name) for e in group}
        if len(rows) < ROWS or any(mine & key for key in self.unique(target)) or any(e.column not in rows[0] for e in group):
            return None
        self.turn += 1
        row = rows[self.turn % ROWS]
        return [row[e.column] for e in group]

    def unique(self, target: Target) -> List[Set[str]]:
        """The columns of each unique key, by the model and by the database."""
        tables = list(target.mapper.tables) if target.mapper is not None else [target.table]
        found = [{c.name for c in t.primary_key} for t in tables]
        for table in tables:
            found += [set(columns) for columns in self.maker.sampler.facts.get(table_key(table), {}).get("keys", {}).values()]
        return [f for f in found if f]

    def numerous(self, target: Target) -> bool:
        """Whether any number of rows can be there at once: each unique key has a column whose values we never run out of."""
        from sqlalchemy import Boolean, Enum

        checks = self.maker.sampler.facts.get(target.key, {}).get("checks", {}).values()
        scarce = {name for check in checks for name in check["columns"]}
        for group in self.maker.keys(target):
            scarce |= {str(e.parent.name) for e in group}
        scarce |= {c.name for c in target.columns if isinstance(c.type, (Boolean, Enum))}
        return all(key - scarce for key in self.unique(target))

    def referred(self) -> Dict[Any, List[Any]]:
        """The columns of each table that any foreign key refers to."""
        if self._referred is None:
            self._referred = {}
            for target in self.maker.targets:
                for group in self.maker.keys(target):
                    held = self._referred.setdefault(group[0].column.table, [])
                    held.extend(e.column for e in group if not any(e.column is c for c in held))
        return self._referred
