"""One pair, measured: databases made and upgraded by the releases themselves, the oracle, `verify` on both schemas, and what it said against what is true."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.corpus import oracle
from tests.corpus.oracle import Truth
from tests.corpus.pair import Pair, Release
from tests.servers import Server

ROOT = Path(__file__).parents[2]
DECLARED = Path(__file__).with_name("declared.py")


@cache
def applications() -> ModuleType:
    """What the examples with other people's releases use: it stands beside them, for they run without this checkout's environment."""
    spec = importlib.util.spec_from_file_location("applications", ROOT / "examples" / "applications.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interpreter(release: Release) -> Path:
    """The release's own Python, installed when it is not there yet. Raises applications().NotInstalled."""
    home = Path(os.environ.get("BGMIGRATE_CORPUS_CACHE") or Path(tempfile.gettempdir()) / "bgmigrate-corpus")
    found: Path = applications().environment(home / release.name, release.name, list(release.packages), release.check)
    return found


@dataclass(frozen=True, kw_only=True)
class Side:
    """One release on one schema. `expected` is what is true there, `found` what `verify` calls an error; both as `table` or `table.column`."""

    release: str
    schema: str
    expected: frozenset[str]
    along: frozenset[str]
    found: frozenset[str]
    drift: frozenset[str]
    unproved: frozenset[str]
    checked: int
    said: tuple[str, ...] = ()

    @property
    def missed(self) -> frozenset[str]:
        """True, and not found."""
        return self.expected - self.found

    @property
    def false(self) -> frozenset[str]:
        """Found, and not true."""
        tables = {e.partition(".")[0] for e in self.expected}
        return frozenset(f for f in self.found - self.expected if f not in self.along | tables | self.drift)

    @property
    def undecided(self) -> frozenset[str]:
        """What fails on the database that the release's own migrations have just made: nothing there says that it was never looser."""
        return self.drift & (self.found - self.expected)

    @property
    def missed_along(self) -> frozenset[str]:
        """Tables whose relationships lead to what is missing, of which nothing is said: no row that has such a relationship could be made."""
        return self.along - {f.partition(".")[0] for f in self.found}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came out of a pair: blue and green, each on both schemas. `lies`: where the pair's own file does not say what the oracle says."""

    pair: Pair
    tables: int
    sides: tuple[Side, ...]
    seconds: float
    lies: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Is everything found, and nothing else?"""
        return not self.lies and not any(s.missed or s.false for s in self.sides)


def measure(pair: Pair, server: Server) -> Measured:
    """Let both releases make the schemas, ask the oracle, and let `verify` say what it thinks."""
    pythons = {r.name: interpreter(r) for r in (pair.blue, pair.green)}
    blue, green = (_python(pythons[r.name], DECLARED.read_text(), r.models, env=r.env) for r in (pair.blue, pair.green))
    mine, theirs = json.loads(blue), json.loads(green)
    with server.database("corpus") as url, tempfile.TemporaryDirectory(prefix="corpus-") as home:
        _python(pythons[pair.blue.name], pair.blue.migrate, url, env=pair.blue.env, cwd=home)
        old = oracle.read(url)
        on_old, first = _verify(pair, pythons, url, server.url, home)
        _python(pythons[pair.green.name], pair.green.migrate, url, env=pair.green.env, cwd=home)
        new = oracle.read(url)
        on_new, second = _verify(pair, pythons, url, server.url, home)

    def side(name: str, schema: str, report: dict[str, Any]) -> tuple[Side, Truth]:
        a, b, at_home = (mine, theirs, old) if name == "blue" else (theirs, mine, new)
        true = oracle.truth(a, b, old if schema == "old" else new, at_home, candidate=name == "green")
        stated = (pair.blue if name == "blue" else pair.green).drift if schema == "old" else frozenset()
        return _side(name, schema, true, report, stated), true

    sides = [side(n, s, r) for s, r in (("old", on_old), ("new", on_new)) for n in ("blue", "green")]
    return Measured(
        pair=pair, tables=len(_both(mine, theirs)), sides=tuple(s for s, _ in sides), seconds=(first + second) / 2, lies=tuple(_lies(pair, sides)),
    )


def _both(mine: dict[str, Any], theirs: dict[str, Any]) -> set[str]:
    return set(mine["tables"]) | set(theirs["tables"])


def _lies(pair: Pair, sides: Iterable[tuple[Side, Truth]]) -> list[str]:
    """The files keep what breaks, the oracle says it anew from the catalogs: a pair that is not what it was, or a changed oracle, is noticed."""
    out = []
    for side, true in sides:
        away = (side.release, side.schema) in (("blue", "new"), ("green", "old"))
        stated = (pair.blue if side.release == "blue" else pair.green).breaks if away else frozenset()
        out += [f"{side.release} on the {side.schema} schema: the pair's file does not say {t} ({true.roots[t]})" for t in sorted(true.roots.keys() - stated)]
        out += [f"{side.release} on the {side.schema} schema: the pair's file says {t}, the oracle does not" for t in sorted(stated - true.roots.keys())]
    return out


def _side(name: str, schema: str, true: Truth, report: dict[str, Any], drift: frozenset[str]) -> Side:
    mine = [f for f in report["findings"] if f["version"] == name]
    wrong = [f for f in mine if f["severity"] == "error"]
    return Side(
        release=name, schema=schema, expected=frozenset(true.roots), along=true.along, drift=drift,
        found=frozenset(".".join(filter(None, (f.get("table"), f.get("column")))) for f in wrong),
        unproved=frozenset(f.get("table", "") for f in mine if f["code"] == "BGM806" and f["severity"] != "info"),
        checked=sum(p["checked"] for p in report["probes"] if p["version"] == name),
        said=tuple(f"{f['severity']} {f['code']} {f['what']}" for f in mine if f["severity"] != "info"),
    )


def _verify(pair: Pair, pythons: dict[str, Path], url: str, server: str, home: str) -> tuple[dict[str, Any], float]:
    """`bgmigrate verify --json` of both releases, and the seconds that it took. Raises RuntimeError when it does not come to a verdict."""
    named = [f"--{s}=python:{pythons[r.name]}#{r.models}" for s, r in (("blue", pair.blue), ("green", pair.green))]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BGMIGRATE_")}
    env = {**kept, **pair.blue.env, **pair.green.env, "BGMIGRATE_DATABASE_URL": url, "BGMIGRATE_SCRATCH_URL": server, "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "bgmigrate", "verify", *named, "--json"], cwd=home, env=env, capture_output=True, text=True)
    if done.returncode not in (0, 3, 4):
        raise RuntimeError(f"verify ends with {done.returncode}: {done.stdout or done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report, time.monotonic() - began


def _python(interpreter: Path, code: str, *arguments: str, env: dict[str, str], cwd: str | None = None) -> str:
    """What a release's own interpreter prints. Its programs are on the PATH: some start their own Alembic by name."""
    path = f"{interpreter.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(interpreter), "-c", code, *arguments], env={**os.environ, **env, "PATH": path}, cwd=cwd, capture_output=True, text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{interpreter}: {(done.stderr or done.stdout)[-3000:]}")
    return done.stdout
