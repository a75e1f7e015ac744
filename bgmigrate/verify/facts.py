"""What the probes need to know of a database: read once, sent to the versions' processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bgmigrate import catalog
from bgmigrate.catalog.values import Schema, Table
from bgmigrate.database import connect, server_version
from bgmigrate.naming import key
from bgmigrate.sql import template
from bgmigrate.sql.foreign_keys import ForeignKey

WRITABLE = 28  # pg_relation_is_updatable(): INSERT 8, UPDATE 4, DELETE 16


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A schema with its views. Tables are also found by the short name that the search path gives them."""

    url: str
    schema: Schema
    views: Mapping[str, tuple[str, int, Mapping[str, str]]] = field(default_factory=dict)  # key: kind, statements allowed, column types
    path: tuple[str, ...] = ("public",)
    triggered: frozenset[str] = frozenset()  # tables with row triggers of the application's own
    texts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # by table and column: all that it takes
    server: str = ""  # its version
    ignored: tuple[str, ...] = ()  # tables that are there and no part of the schema: Alembic's
    original: frozenset[tuple[str, str]] = frozenset()  # (table, column): NOT NULL for as long as the live table has been there

    def located(self, name: str) -> str | None:
        """The key under which a version's table stands in this database; None when there is no such relation."""
        candidates = [name] if "." in name else [name, *(key(s, name) for s in self.path)]
        return next((c for c in candidates if c in self.schema.tables or c in self.views), None)

    def table(self, name: str) -> Table | None:
        """The ordinary table of that name, if it is one."""
        return self.schema.tables.get(self.located(name) or "")

    def columns(self, name: str) -> Mapping[str, str] | None:
        """Types by column, of a table or view; None when there is no such relation."""
        at = self.located(name) or ""
        if at in self.views:
            return self.views[at][2]
        return {n: c.type for n, c in self.schema.tables[at].columns.items()} if at else None

    @property
    def deferrable(self) -> bool:
        """Whether any constraint waits for the end of a transaction."""
        return any("DEFERRABLE" in k.definition for t in self.schema.tables.values() for k in t.constraints.values())

    def as_json(self) -> dict[str, Any]:
        """The form in which it travels."""
        out: dict[str, Any] = {}
        for at, table in self.schema.tables.items():
            keys = {n: list(k.columns) for n, k in table.constraints.items() if k.kind in "pu"}
            keys |= {n: list(i.columns) for n, i in table.indexes.items() if i.unique}
            checks = {n: {"definition": k.definition, "columns": list(k.columns)} for n, k in table.constraints.items() if k.kind == "c"}
            parsed = [(k.references, ForeignKey.parse(k.definition)) for k in table.constraints.values() if k.kind == "f"]
            foreign = [{"table": to, "columns": list(k.columns), "referenced": list(k.referenced)} for to, k in parsed if k]
            columns = {n: c.type for n, c in table.columns.items()}
            out[at] = {"columns": columns, "checks": checks, "keys": keys, "foreign": foreign, "allows": WRITABLE}
        out |= {at: {"columns": dict(columns), "checks": {}, "keys": {}, "allows": allows} for at, (_, allows, columns) in self.views.items()}
        for at, texts in self.texts.items():
            out[at]["values"] = {n: list(values) for n, values in texts.items()}
        short = {at.partition(".")[2]: fact for schema in reversed(self.path) for at, fact in out.items() if at.startswith(f"{schema}.")}
        return short | out


def read(url: str, *, ignore: tuple[str, ...] = ("alembic_version",)) -> Facts:
    """Read a database's schema. Raises InfrastructureError when it cannot be reached."""
    with connect(url, purpose="verify") as c:
        path = c.execute("SELECT unnest(current_schemas(false))").fetchall()
        triggered = c.execute(template("application_triggers").encode()).fetchall()
        views = c.execute(template("view_relations").encode()).fetchall()
        return Facts(
            url=url, schema=catalog.read(c, ignore=ignore), path=tuple(r[0] for r in path), triggered=frozenset(r[0] for r in triggered),
            server=server_version(c), ignored=ignore,
            views={key(s, n): (kind, allows, columns or {}) for s, n, kind, allows, columns in views},
        )
