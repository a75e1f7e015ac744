"""The revision files' text: what a careful engineer would have written by hand."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from bgmigrate.changes import Change, Planned
from bgmigrate.history.project import Branch, Project
from bgmigrate.ops import BeginContract, BeginExpand, BeginRollback, EndRollback, KeepContracted, Step
from bgmigrate.planner.propose import Proposal
from bgmigrate.planner.prove import undone

WIDTH = 110


def write(project: Project, proposal: Proposal, message: str) -> list[dict[str, str]]:
    """Write one expand and, if needed, one contract revision; the same proposal gives the same bytes.

    Returns the JSON's `revisions`. Raises Refused when a branch has several heads.
    """
    expand = _identify(project, "expand", message, proposal.expand)
    out = [_file(project, "expand", message, expand, proposal.expand, _about(proposal.changes, "expand"), None)]
    if proposal.contract:
        contract = _identify(project, "contract", message, proposal.contract, expand)
        out.append(_file(project, "contract", message, contract, proposal.contract, _about(proposal.changes, "contract"), expand))
    return out


def _file(
    project: Project, branch: Branch, message: str, revision: str, planned: Sequence[Planned], about: str, depends_on: str | None
) -> dict[str, str]:
    upgrade: list[str]
    if branch == "expand":
        upgrade = [_call(BeginExpand(revision), name="revision"), *map(_step, planned)]
        downgrade = [
            _call(BeginRollback(revision), name="revision"), *map(_call, undone(planned)), _call(EndRollback(revision), name="revision")
        ]
    else:
        upgrade = [_call(BeginContract(revision), name="revision"), *map(_step, planned)]
        downgrade = [_call(KeepContracted(revision), name="revision")]
    path = project.write_revision(
        branch=branch, message=f"{message} ({branch})", revision=revision, docstring=about, depends_on=depends_on,
        body_upgrade="\n\n".join(upgrade), body_downgrade="\n".join(downgrade),
    )
    return {"phase": branch, "revision": revision, "path": str(path)}


def _identify(project: Project, branch: Branch, message: str, planned: Iterable[Planned], *more: str) -> str:
    """A revision's id: a hash of what it is and where it stands, so that the same plan gives the same file."""
    heads = [s.revision for s in ([project.anchor(branch), *(project.expands() if branch == "expand" else project.contracts())])]
    text = "\n".join([branch, message, heads[-1], *more, *(_call(p.step) for p in planned)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _about(changes: Iterable[Change], phase: str) -> str:
    """Which changes there are, in the catalogue's words."""
    lines = []
    for c in changes:
        if c.expand() if phase == "expand" else c.contract():
            lines.append(f"{c.kind.replace('_', ' ')}: {c.subject}")
    return "\n".join(dict.fromkeys(lines))


def _step(planned: Planned) -> str:
    comments = [line for b in _grouped(planned.because) for line in textwrap.wrap(b, WIDTH - 2, initial_indent="# ", subsequent_indent="#     ")]
    return "\n".join([*comments, _call(planned.step)])


def _grouped(because: Iterable[str]) -> Iterable[str]:
    """Reasons of the form `subject: reason`, each reason once with all its subjects."""
    subjects: dict[str, list[str]] = {}
    for line in because:
        subject, colon, reason = line.partition(": ")
        subjects.setdefault(reason if colon else line, []).append(subject if colon else "")
    return [f"{', '.join(s)}: {reason}" if s != [""] else reason for reason, s in subjects.items()]


def _call(step: Step, name: str | None = None) -> str:
    arguments = step.arguments()
    if name:
        return f"op.{step.verb}({name})"
    written = [(f"{k}=" if k else "") + _value(v, 1) for k, v in arguments]
    line = f"op.{step.verb}({', '.join((f'{k}=' if k else '') + _flat(v) for k, v in arguments)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    return f"op.{step.verb}(\n" + "".join(f"    {w},\n" for w in written) + ")"


def _value(value: Any, depth: int) -> str:
    """A Python literal over several lines where one would be too long."""
    flat = _flat(value)
    if len(flat) + depth * 4 <= WIDTH - 20 or not value or not isinstance(value, (dict, list)):
        return flat
    pad = "    " * (depth + 1)
    if isinstance(value, dict):
        items = "".join(f"{pad}{_flat(k)}: {_value(v, depth + 1)},\n" for k, v in value.items())
        return "{\n" + items + "    " * depth + "}"
    return "[\n" + "".join(f"{pad}{_value(v, depth + 1)},\n" for v in value) + "    " * depth + "]"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(k)}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    return repr(value)


def _text(value: str) -> str:
    """Double quotes where that needs no escape, as formatters write them."""
    if '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'
    return repr(value)
