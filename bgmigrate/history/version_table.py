"""Which table env.py keeps Alembic's version in, read from its text: `status` must not import the project's models to find out."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from bgmigrate.errors import ConfigurationError
from bgmigrate.naming import ident
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class VersionTable:
    """Alembic's version table; `schema` None: wherever the search path says."""

    name: str = "alembic_version"
    schema: str | None = None

    @property
    def sql(self) -> str:
        """Its name as SQL."""
        return f"{ident(self.schema)}.{ident(self.name)}" if self.schema else ident(self.name)

    @property
    def select(self) -> str:
        """The statement that reads it."""
        return compose("SELECT version_num FROM {t:q}", t=self.sql)


def version_table(env: Path) -> VersionTable | None:
    """What the calls of `configure()` in env.py say; None when that is not written plainly there and env.py must be run.

    Raises ConfigurationError when env.py cannot be read.
    """
    try:
        tree = ast.parse(env.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigurationError(f"{env} cannot be read: {error}", next=f"Correct {env}; `alembic current` must work.") from None
    constants = {
        t.id: n.value.value for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)
        for t in n.targets if isinstance(t, ast.Name)
    }
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "configure"]
    found: set[VersionTable] = set()
    for call in calls:
        values: dict[str, str | None] = {"version_table": "alembic_version", "version_table_schema": None}
        for keyword in call.keywords:
            if keyword.arg is None:
                if _mentions(tree, "version_table"):  # **options may hold it
                    return None
            elif keyword.arg in values:
                value = constants.get(keyword.value.id, ...) if isinstance(keyword.value, ast.Name) else getattr(keyword.value, "value", ...)
                if value is not None and not isinstance(value, str):
                    return None
                values[keyword.arg] = value
        found.add(VersionTable(name=values["version_table"] or "alembic_version", schema=values["version_table_schema"]))
    return found.pop() if len(found) == 1 else None


def _mentions(tree: ast.AST, word: str) -> bool:
    """Does the word stand anywhere else than as a keyword: as a string or another call's argument?"""
    return any(
        (isinstance(n, ast.Constant) and isinstance(n.value, str) and word in n.value) or (isinstance(n, ast.keyword) and n.arg and word in n.arg)
        for n in ast.walk(tree)
    )
