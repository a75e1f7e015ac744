"""Revisions as texts: what lint finds in the body of an upgrade()."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path

import bgmigrate.ops  # noqa: F401  (registers the operations that revisions call)
from bgmigrate.findings import Finding
from bgmigrate.lint.judge import judge
from bgmigrate.lint.known import Known
from bgmigrate.lint.read import read
from bgmigrate.lint.statement import Phase, Reading

HEAD = """\
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "1234"
down_revision = None

"""


def reading(folder: Path, body: str, *, phase: Phase = "history", known: Known | None = None, small: frozenset[str] = frozenset()) -> Reading:
    """Read a revision whose upgrade() has this body; a text that has a `def upgrade` is the whole file."""
    path = folder / f"r{len(list(folder.iterdir()))}.py"
    path.write_text(body if "def upgrade" in body else HEAD + "def upgrade():\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n", encoding="utf-8")
    return read_file(path, phase=phase, known=known, small=small)


def read_file(path: Path, *, phase: Phase = "history", known: Known | None = None, small: frozenset[str] = frozenset()) -> Reading:
    """Read a revision that is there."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return read(module, path=path, revision="1234", phase=phase, known=Known() if known is None else known, small=small)


def found(folder: Path, body: str, *, phase: Phase = "history", known: Known | None = None, small: frozenset[str] = frozenset(), **severities: str
          ) -> list[Finding]:
    """What lint finds in it."""
    return judge(reading(folder, body, phase=phase, known=known, small=small), severities=severities, directory=folder)


def codes(folder: Path, body: str, *, phase: Phase = "history", known: Known | None = None, info: bool = False) -> list[str]:
    """The codes of what it finds, in the order of the lines; information only where it is asked for."""
    return [f.code for f in found(folder, body, phase=phase, known=known) if info or f.severity != "info"]
