"""Values of enum types, which PostgreSQL adds for good: it has no way to take one back."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.findings import Finding
from bgmigrate.naming import key
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

COLUMNS = (
    "SELECT n.nspname, c.relname, a.attname, t.typcategory = 'A' FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid"
    " WHERE to_regtype(%s) IN (t.oid, t.typelem) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped ORDER BY 1, 2, a.attnum"
)
LABEL = "SELECT 1 FROM pg_enum WHERE enumtypid = to_regtype(%s) AND enumlabel = %s"


@operation("extend_enum")
@dataclass
class ExtendEnum(Step):
    """ALTER TYPE ... ADD VALUE in a transaction of its own, for nothing may use the value before it is committed. No table is locked.

    `after` or `before`: the value beside which it stands. PostgreSQL cannot remove it: rollback says so, and who holds it.
    """

    type: str
    value: str
    after: str | None = None
    before: str | None = None

    def run(self, on: Runtime) -> None:
        place = compose(" AFTER {v:l}", v=self.after) if self.after is not None else compose(" BEFORE {v:l}", v=self.before) if self.before else ""
        on.strong([], compose("ALTER TYPE {t:t} ADD VALUE IF NOT EXISTS {v:l}{p:q}", t=self.type, v=self.value, p=place))

    def undo(self) -> Step:
        return KeepEnumValue(self.type, self.value)

    def stays(self) -> tuple[tuple[str, str], ...]:
        schema, _, name = self.type.rpartition(".")
        return (("type", f"{schema or 'public'}.{name}"),)


@operation("keep_enum_value")
@dataclass
class KeepEnumValue(Step):
    """Say that a value stays in an enum type, and which rows hold it. Reads the tables that have the type; locks nothing, changes nothing."""

    type: str
    value: str

    def run(self, on: Runtime) -> None:
        name = compose("{t:t}", t=self.type)
        if not on.has(LABEL, name, self.value):
            return
        on.found(
            Finding(
                code="BGM211", severity="warning", what=f"the enum type {self.type} keeps the value {self.value!r}, which cannot be taken back",
                why="PostgreSQL has no way to remove a value from an enum type. Unused, it harms neither version; another expand finds it there.",
                next="Nothing, or take it out of the models and plan that as a change of its own.",
            )
        )
        for schema, table, column, is_array in on.fetch(COLUMNS, name):
            holds = compose("{v:l}::{t:t} = ANY ({c:i})" if is_array else "{c:i} = {v:l}::{t:t}", v=self.value, t=self.type, c=column)
            held = RequireData(key(schema, table), holds, f"still hold {self.value!r} in {column} ({self.type})", code="BGM211")
            if rows := held.offenders(on):
                mend = compose("UPDATE {t:t} SET {c:i} = … WHERE {h:q};", t=key(schema, table), c=column, h=holds)
                on.found(
                    Finding(
                        code="BGM211", severity="warning", table=key(schema, table), column=column,
                        what=held.said(*rows),
                        why="The old version does not know that value: SQLAlchemy's Enum raises LookupError for the whole row.",
                        next=f"Give these rows a value that the old version knows: {mend}",
                    )
                )
