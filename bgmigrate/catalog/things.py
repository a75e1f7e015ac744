"""What stands beside the tables and models can only make by DDL of their own: functions, views, triggers, policies, extended statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bgmigrate.naming import key, qualified

ThingKind = Literal["function", "view", "materialized view", "trigger", "policy", "statistics"]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One of them. `definition` is the statement that makes it, in PostgreSQL's own words; `table` the key of the table that it is on."""

    kind: ThingKind
    schema: str
    name: str
    definition: str
    arguments: str | None = None  # a function's, which are part of its name
    table: str | None = None
    state: str | None = None  # DISABLE, ENABLE REPLICA or ENABLE ALWAYS, of a trigger that is not simply enabled
    calls: str | None = None  # the function that a trigger calls
    traits: frozenset[str] = frozenset()  # "returns trigger", "needs tables", "before each row", "restrictive"

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, table, name: two tables may have triggers of one name."""
        return self.kind, self.table or "", self.named

    @property
    def named(self) -> str:
        """Its name as findings and revisions have it: of a trigger or a policy alone, of a function with its arguments."""
        name = self.name if self.kind in ("trigger", "policy") else key(self.schema, self.name)
        return name if self.arguments is None else f"{name}({self.arguments})"

    @property
    def sql(self) -> str:
        """A function's or view's name as SQL."""
        name = qualified(key(self.schema, self.name))
        return name if self.arguments is None else f"{name}({self.arguments})"
