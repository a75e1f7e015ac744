"""Schemas that only the new version's tables and types are in."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

# Somebody else's would have another owner, or grants.
OURS = "SELECT 1 FROM pg_namespace WHERE nspname = %s AND nspacl IS NULL AND pg_get_userbyid(nspowner) = current_user"


@operation("build_schema")
@dataclass
class BuildSchema(Step):
    """CREATE SCHEMA. No table is locked."""

    name: str

    def run(self, on: Runtime) -> None:
        if on.offline or not on.has("SELECT 1 FROM pg_namespace WHERE nspname = %s", self.name):
            on.strong([], compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=self.name))

    def undo(self) -> Step:
        return DropEmptySchema(self.name)


@operation("drop_empty_schema")
@dataclass
class DropEmptySchema(Step):
    """DROP SCHEMA, if nothing is in it and nobody but its owner may use it: else somebody has made it his own, and it stays."""

    name: str

    def run(self, on: Runtime) -> None:
        if on.offline:
            on.strong([], compose("DROP SCHEMA IF EXISTS {s:i}", s=self.name))
        elif on.has(OURS, self.name):
            try:
                with on.connection.transaction():
                    on.connection.execute(compose("DROP SCHEMA {s:i}", s=self.name).encode())
            except psycopg.errors.DependentObjectsStillExist:
                on.progress.detail(f"the schema {self.name} is not empty, and stays")
