"""What the models (or flags, or a hints file) say about the why of a difference."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bgmigrate.changes.move_hint import parts
from bgmigrate.errors import ConfigurationError
from bgmigrate.snapshot import Snapshot
from bgmigrate.sql.references import references

_COLUMN = {"renamed_from", "forward", "on_violation", "policy", "never_writes"}
_TABLE = {"renamed_from", "backward", "moved_from", "forward", "when", "on_violation", "blue_satisfies", "drop_in_expand"}


@dataclass(frozen=True, kw_only=True)
class Hints:
    """By (table, column): `renamed_from` (None: expressly no rename), `forward` and `backward` SQL; `tables`, `columns`: all that was said of one."""

    renamed_from: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    forward: Mapping[tuple[str, str], str] = field(default_factory=dict)
    backward: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def called(self, names: Mapping[str, str]) -> Hints:
        """The same with tables called otherwise (name: new name)."""
        def by_column(said: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
            return {(names.get(t, t), c): v for (t, c), v in said.items()}

        return Hints(
            renamed_from=by_column(self.renamed_from), forward=by_column(self.forward), backward=by_column(self.backward),
            tables={names.get(t, t): v for t, v in self.tables.items()}, columns=by_column(self.columns),
        )

    def waits(self, table: str, column: str | None = None) -> bool:
        """Shall rows that break green's rule be looked for by contract only (`on_violation = "later"`)?"""
        said = self.columns.get((table, column or ""), {}).get("on_violation") or self.tables.get(table, {}).get("on_violation")
        return said == "later"

    def moves(self, table: str, column: str) -> bool:
        """Does another table's hint say that it takes this column over?"""
        mine = [p for key, said in self.tables.items() if said.get("moved_from") == table for p in parts(key, said)]
        return any(column in p.get("backward", {}) or any(references(sql, {column}) for sql in p["forward"].values()) for p in mine)

    def decided(self, table: str, column: str) -> bool:
        """Has somebody said what this column is?"""
        return (table, column) in self.renamed_from or (table, column) in self.forward or (table, column) in self.backward


def of_models(snapshot: Snapshot) -> Hints:
    """The hints in a version's models. Raises ConfigurationError for one that is misspelt."""
    renamed: dict[tuple[str, str], str | None] = {}
    forward: dict[tuple[str, str], str] = {}
    backward: dict[tuple[str, str], str] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    columns: dict[tuple[str, str], Mapping[str, Any]] = {}
    for key, table in snapshot.tables.items():
        _known(table.hints, _TABLE, key)
        moved = "moved_from" in table.hints  # its `backward` is about the columns of another table
        backward |= {} if moved else {(key, c): str(sql) for c, sql in (table.hints.get("backward") or {}).items()}
        if rest := {k: v for k, v in table.hints.items() if moved or k != "backward"}:
            tables[key] = rest
        for name, column in table.columns.items():
            _known(column.hints, _COLUMN, f"{key}.{name}")
            if column.hints:
                columns[key, name] = column.hints
            if "renamed_from" in column.hints:
                renamed[key, name] = column.hints["renamed_from"]
            if "forward" in column.hints:
                forward[key, name] = str(column.hints["forward"])
    return Hints(renamed_from=renamed, forward=forward, backward=backward, tables=tables, columns=columns)


def _known(hints: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    if unknown := sorted(hints.keys() - set(known)):
        raise ConfigurationError(
            f"unknown hint {unknown[0]!r} on {where}", why="A misspelt hint would silently not apply.",
            next=f"Hints there are: {', '.join(sorted(known))}.",
        )


def merged(hints: Hints, flags: Mapping[str, Iterable[str]], file: Path | None) -> Hints:
    """The models' hints with those of `--rename T.OLD=NEW`, `--forward T.C=SQL`, `--backward T.C=SQL` and `--hints FILE` on top.

    Raises ConfigurationError for a flag or a file that cannot be read.
    """
    renamed, forward, backward, tables = dict(hints.renamed_from), dict(hints.forward), dict(hints.backward), dict(hints.tables)
    columns = dict(hints.columns)
    for key, entry in (_toml(file) if file else {}).items():
        moved = "moved_from" in {**tables.get(key, {}), **entry}
        if "backward" in entry and isinstance(entry["backward"], dict) and not moved:
            backward |= {(key, c): str(sql) for c, sql in entry["backward"].items()}
        for name, column in entry.items():
            if isinstance(column, dict) and name not in ("backward", "forward"):
                columns[key, name] = {**columns.get((key, name), {}), **column}
                if "renamed_from" in column:
                    renamed[key, name] = column["renamed_from"]
                if "forward" in column:
                    forward[key, name] = str(column["forward"])
                if "backward" in column:
                    backward[key, name] = str(column["backward"])
        if said := {n: v for n, v in entry.items() if n in _TABLE and (moved or n != "backward")}:
            tables[key] = {**tables.get(key, {}), **said}
    for text in flags.get("rename", ()):
        (table, old), new = _flag("--rename", text, "T.OLD=NEW")
        renamed[table, new] = old
    for text in flags.get("new", ()):  # a person was asked, and said that it is no rename
        table, _, column = text.rpartition(".")
        renamed[table, column] = None
    for table in flags.get("new_table", ()):
        tables[table] = {**tables.get(table, {}), "renamed_from": None}
    for text in flags.get("forward", ()):
        at, sql = _flag("--forward", text, "T.COLUMN=SQL")
        forward[at] = sql
    for text in flags.get("backward", ()):
        at, sql = _flag("--backward", text, "T.COLUMN=SQL")
        backward[at] = sql
    for text in flags.get("rename_table", ()):
        old, _, new = text.partition("=")
        if not (old and new):
            raise ConfigurationError(f"--rename-table {text!r} is not OLD=NEW", next="For example: --rename-table people=users")
        tables[new.strip()] = {**tables.get(new.strip(), {}), "renamed_from": old.strip()}
    return Hints(renamed_from=renamed, forward=forward, backward=backward, tables=tables, columns=columns)


def _flag(flag: str, text: str, form: str) -> tuple[tuple[str, str], str]:
    left, equals, right = text.partition("=")
    table, dot, column = left.strip().rpartition(".")
    if not (equals and dot and table and column and right.strip()):
        raise ConfigurationError(f"{flag} {text!r} is not {form}", next=f"For example: {flag} users.{'name=full_name' if 'OLD' in form else 'age=0'}")
    return (table, column), right.strip()


def _toml(file: Path) -> dict[str, dict[str, Any]]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the hints file {file} cannot be read: {error}", next="Correct it and run the same command again.") from None
