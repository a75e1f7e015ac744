"""Which revisions are looked at, and in which phase each stands."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.script import Script
from alembic.util import CommandError, to_tuple

from bgmigrate.errors import ConfigurationError
from bgmigrate.history.project import Project
from bgmigrate.lint.statement import Phase

_MAKES = re.compile(r"""create_table\(\s*["']([^"']+)["']|CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?([\w.]+)""", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One revision of the history, oldest first; those that are not `wanted` are read for what they make."""

    script: Script
    phase: Phase
    wanted: bool


def choose(
    project: Project, *, revisions: Sequence[str] = (), diff_base: str | None = None, everything: bool = False, start_after: str | None = None,
) -> list[Choice]:
    """The history up to the last revision that is wanted: those named or changed, everything, or else what is after the anchors of `init`.

    Raises ConfigurationError for a revision or a git ref that is not there.
    """
    history = list(reversed(list(project.script.walk_revisions())))
    phases: dict[str, Phase] = {}
    if project.adopted:
        anchors: dict[str, Phase] = {project.anchor("expand").revision: "expand", project.anchor("contract").revision: "contract"}
        for script in history:  # one pass, oldest first: a branch is what stands on its anchor
            for below in to_tuple(script.down_revision, default=()):
                if phase := anchors.get(below) or phases.get(below):
                    phases[script.revision] = phase
    wanted = {s.revision for s in history}
    if revisions:
        wanted = {s.revision for name in revisions for s in _named(project, name)}
    elif diff_base is not None:
        changed = _changed(project, diff_base)
        wanted = {s.revision for s in history if Path(s.path).resolve() in changed}
    elif not everything and project.adopted:
        wanted = set(phases)
    if start_after and not revisions:
        wanted -= project.closure(s.revision for s in _named(project, start_after))
    last = max((n for n, s in enumerate(history) if s.revision in wanted), default=-1)
    return [Choice(script=s, phase=phases.get(s.revision, "history"), wanted=s.revision in wanted) for s in history[: last + 1]]


def makes(paths: Iterable[str]) -> frozenset[str]:
    """The tables that revision files make, as far as their texts say by name."""
    texts = (Path(p).read_text(encoding="utf-8", errors="replace") for p in paths)
    return frozenset(name.removeprefix("public.") for text in texts for pair in _MAKES.findall(text) for name in pair if name)


def _named(project: Project, name: str) -> Iterator[Script]:
    """A revision by id, label or symbol; a file's path is taken, too, as pre-commit hands over."""
    path = Path(name)
    if path.suffix == ".py":
        found = [s for s in project.script.walk_revisions() if Path(s.path).resolve() == path.resolve()]
        if found or path.is_file():
            yield from found  # a file of the same directories that is no revision: nothing to say
            return
    try:
        scripts = [s for s in project.script.get_revisions(name) if s is not None]
    except CommandError as error:
        raise ConfigurationError(
            f"there is no revision {name!r}: {error}", why="Nothing would be looked at.", next="`alembic history` lists them.", code="BGM918",
        ) from None
    if not scripts:
        raise ConfigurationError(f"there is no revision {name!r}", next="`alembic history` lists them.", code="BGM918")
    yield from scripts


def _changed(project: Project, base: str) -> set[Path]:
    """Files that differ from where this work left `base`, those that git does not know yet included."""
    directory = Path(project.script.dir)
    top = Path(_git(directory, base, "rev-parse", "--show-toplevel").strip())
    fork = _git(directory, base, "merge-base", base, "HEAD").strip()
    told = _git(top, base, "diff", "--name-only", "-z", "--diff-filter=d", fork) + _git(top, base, "ls-files", "-z", "--others", "--exclude-standard")
    return {(top / name).resolve() for name in told.split("\0") if name.endswith(".py")}


def _git(directory: Path, base: str, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(directory), *arguments], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [""]
        raise ConfigurationError(
            f"git cannot compare with {base!r}: {said[0]}", why="Without it nobody can say which revisions are new.",
            next="Name a ref that this clone has (git fetch origin), or the revisions themselves.",
        ) from None
