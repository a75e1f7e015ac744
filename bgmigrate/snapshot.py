"""A version's models as a portable description: what it creates, what it writes by itself, and what its hints say."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bgmigrate.errors import ConfigurationError
from bgmigrate.sql.references import references

_MADE_IN = re.compile(r'\s*CREATE (?:TYPE|DOMAIN|SEQUENCE) (?:IF NOT EXISTS )?("(?:[^"]|"")+"|\w+)\.')
FORMAT = "bgmigrate.snapshot/1"


@dataclass(frozen=True, kw_only=True)
class SnapshotColumn:
    """One column as the model has it. `default` is what Python or SQLAlchemy fills in on INSERT:
    `{"kind": "scalar", "sql": "100"}`, `{"kind": "callable"}`, `{"kind": "sql"}`, `{"kind": "sequence"}` or None. `values`: an enum's, the only
    ones that it can load."""

    type: str
    nullable: bool
    primary_key: bool = False
    default: Mapping[str, str] | None = None
    server_default: bool = False
    hints: Mapping[str, Any] = field(default_factory=dict)
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SnapshotTable:
    """One table; `names` are the constraint and index names that the model or its naming convention gives."""

    name: str
    schema: str | None = None
    columns: Mapping[str, SnapshotColumn] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    hints: Mapping[str, Any] = field(default_factory=dict)
    mapped_by: tuple[str, ...] = ()  # classes; empty for association tables


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What one version's models say. `ddl` is what its own SQLAlchemy's create_all sends, statement by statement."""

    ddl: tuple[str, ...]
    tables: Mapping[str, SnapshotTable]
    models: tuple[str, ...] = ()
    sqlalchemy: str = ""
    python: str = ""
    drivers: tuple[str, ...] = ()

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas that create_all expects to be there: of tables, and of types and sequences."""
        named = {t.schema for t in self.tables.values() if t.schema}
        made = {m[1] for m in map(_MADE_IN.match, self.ddl) if m}
        return tuple(sorted(named | {s[1:-1].replace('""', '"') if s.startswith('"') else s for s in made}))

    @property
    def fingerprint(self) -> str:
        """A hash of what the models say; the interpreter's and libraries' versions are no part of it."""
        tables = {k: asdict(t) for k, t in sorted(self.tables.items())}
        for column in (c for t in tables.values() for c in t["columns"].values()):
            del column["values"]  # the DDL has them
        content = {"ddl": self.ddl, "tables": tables}
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def makes(self, kind: str, *names: str) -> bool:
        """Does one of its statements say `kind` (a regular expression, `CREATE SEQUENCE`) and these names? At worst one too many."""
        pattern = re.compile(kind.replace(" ", r"\s+"), re.IGNORECASE)
        return any(pattern.search(s) and references(s, set(names)) == set(names) for s in map(_opened, self.ddl))

    def as_json(self) -> dict[str, Any]:
        """The portable form, as `snapshot -o FILE` writes it."""
        return {"schema": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], source: str = "the snapshot") -> Snapshot:
        """Read the portable form. Raises ConfigurationError when it is none of ours."""
        if not isinstance(content, Mapping) or content.get("schema") != FORMAT:
            raise ConfigurationError(
                f"{source} is not a snapshot ({FORMAT})", why="Nothing in it can be compared.", next="Write one: `bgmigrate snapshot SPEC -o FILE`."
            )
        try:
            return cls(
                ddl=tuple(content["ddl"]),
                tables={
                    key: SnapshotTable(
                        name=t["name"], schema=t.get("schema"), names=tuple(t.get("names", ())), hints=t.get("hints", {}),
                        mapped_by=tuple(t.get("mapped_by", ())),
                        columns={n: SnapshotColumn(**{**c, "values": tuple(c.get("values", ()))}) for n, c in t["columns"].items()},
                    )
                    for key, t in content["tables"].items()
                },
                models=tuple(content.get("models", ())), sqlalchemy=content.get("sqlalchemy", ""), python=content.get("python", ""),
                drivers=tuple(content.get("drivers", ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{source} is damaged: {error!r}", next="Write it anew with `bgmigrate snapshot SPEC -o FILE`.") from None


def _opened(statement: str) -> str:
    """A DO block's body is a string, and what it makes stands in there."""
    return re.sub(r"\$\w*\$", " ", statement) if re.match(r"\s*DO\b", statement, re.IGNORECASE) else statement
