"""A pair of releases: the files in pairs/, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAIRS = Path(__file__).with_name("pairs")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One side. `migrate` is Python for the release's own interpreter; the database's URL is its first argument."""

    name: str
    version: str
    packages: tuple[str, ...]
    models: str
    check: str
    migrate: str
    breaks: frozenset[str] = frozenset()  # `table` or `table.column`: what truly breaks on the other release's schema
    drift: frozenset[str] = frozenset()  # where its models are looser than its own migrations, and the other release's are not
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two releases of one application, and why the pair is here."""

    name: str
    application: str
    about: str
    blue: Release
    green: Release

    @property
    def title(self) -> str:
        """As a table has it."""
        return f"{self.application} {self.blue.version} → {self.green.version}"


def pairs() -> list[str]:
    """The names of all."""
    return sorted(p.stem for p in PAIRS.glob("*.toml"))


def load(name: str) -> Pair:
    """Read a pair; what both releases share stands at its top."""
    told = tomllib.loads((PAIRS / f"{name}.toml").read_text(encoding="utf-8"))
    return Pair(
        name=name, application=told["application"], about=told["about"].strip(), blue=_release(told, "blue"), green=_release(told, "green"),
    )


def _release(told: dict[str, Any], side: str) -> Release:
    own = {k: v for k, v in told.items() if k not in ("blue", "green")} | told[side]
    return Release(
        name=f"{told['application']}-{own['version']}", version=own["version"], packages=(*own["packages"], *own.get("more", [])),
        models=own["models"], check=own["check"], migrate=own["migrate"],
        breaks=frozenset(own.get("breaks", ())), drift=frozenset(own.get("drift", ())), env=own.get("env", {}),
    )
