"""The documentation's page of each kind of change, made from what its cases really do.

    python -m tests.lifecycle.pages [KIND…]

plans each case, runs its steps one by one, asks the server which locks they take, and writes docs/changes/KIND.md. Tests compare the pages
with the models, with what `plan` writes and with the locks that are taken, so that none grows old.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bgmigrate.changes import KINDS, Change
from tests import servers
from tests.lifecycle.case import PRELUDE, Case
from tests.lifecycle.cases import every
from tests.lifecycle.steps import Revision, Stage
from tests.lifecycle.trace import Taken, Tracer, traced
from tests.project import Project, Result
from tests.servers import Server

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/changes"
COMMAND = "python -m tests.lifecycle.pages"
MARK = f"<!-- Written by `{COMMAND}`; do not edit. -->"
Texts = Mapping[str, str]  # a revision file's path in the project -> its text
_FILE = re.compile(r"`(migrations/[^`\n]+\.py)`\n\n```python\n(.*?)```\n", re.DOTALL)


def cases_of(kind: str) -> list[Case]:
    """A kind's cases, the one that is called like it first."""
    return sorted((c for c in every() if c.kind == kind), key=lambda c: (c.id != kind, c.id))


def path_of(kind: str) -> Path:
    """A kind's page."""
    return FOLDER / f"{kind}.md"


def begin(project: Project, case: Case, *, seed: bool = True) -> None:
    """Make blue live, with what the case says of its migrations and its database."""
    project.start_blue()
    if case.by_hand:
        project.by_hand(case.by_hand)
    for text in (case.drift, case.seed if seed else ""):
        if text:
            project.sql(text)


def planned(project: Project, case: Case, *, seed: bool = True) -> Result:
    """Make blue live in an empty project and plan green."""
    project.models(blue=PRELUDE + case.blue, green=PRELUDE + case.green)
    begin(project, case, seed=seed)
    return project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))


def texts(project: Project, plan: Result) -> Texts:
    """The revision files that a plan wrote."""
    return {r["path"]: (project.directory / r["path"]).read_text(encoding="utf-8") for r in plan.json["revisions"]}


def shown(case: Case) -> Texts:
    """The revision files that a case's page shows. Raises AssertionError when there is no page, or none of the case on it."""
    again = f"run: {COMMAND} {case.kind}"
    path = path_of(case.kind)
    assert path.is_file(), f"{case.kind} has no page; {again}"
    page = path.read_text(encoding="utf-8")
    assert _anchor(case) in page, f"{path.name} does not show the case {case.id}; {again}"
    part = page.partition(_anchor(case))[2].partition("<!-- case")[0]
    return dict(_FILE.findall(part))


def stale(case: Case, written: Texts) -> str:
    """How the page's revisions differ from what `plan` writes, and what to do; nothing where they are the same."""
    have, want = (("".join(f"{path}\n{text}" for path, text in t.items())).splitlines() for t in (shown(case), written))
    differ = "\n".join(difflib.unified_diff(have, want, path_of(case.kind).name, "plan", lineterm="", n=1))
    return differ and f"the page is not what plan writes for {case.id}; run: {COMMAND} {case.kind}\n{differ}"


def revisions(case: Case) -> list[Revision]:
    """What the page shows, ready to run: expand, and contract where there is one."""
    return [Revision.of(text) for text in shown(case).values()]


def locks(case: Case, server: Server, texts: Texts) -> list[tuple[str, list[tuple[str, Taken]]]]:
    """For each revision file each step's statements, as a server runs them on blue's schema and rows."""
    with server.database("traced") as url:
        stage = Stage.build(url, case, Tracer)
        try:
            out = []
            for path, text in texts.items():
                steps = traced(stage, Revision.of(text).upgrade)
                out.append((path.split("/")[1], [(step.verb, taken) for step, statements in steps for taken in statements]))
            return out
        finally:
            stage.close()


def page(kind: type[Change], server: Server, plans: Mapping[str, Texts]) -> str:
    """A kind's page. `plans`: what `plan` writes for each of its cases."""
    first, *others = cases_of(kind.kind)
    about = inspect.getdoc(inspect.getmodule(kind)) or ""
    assert hasattr(kind, "page"), f"{kind.__name__} has no page: ClassVar[Page], which says what both versions see"
    told = kind.page
    parts = [
        MARK, f"# {_title(kind.kind)}", about, " ".join((inspect.getdoc(kind) or "").split()),
        *_example(first, server, plans[first.id]),
        "## What blue sees", told.blue, "## What green sees", told.green,
    ]
    if told.wrong:
        parts += ["## What can go wrong", "\n".join(f"- {text}" for text in told.wrong)]
    for case in others:
        parts += [f"## Also: {case.id.replace('_', ' ')}", *_example(case, server, plans[case.id], deeper="#")]
    return "\n\n".join(parts) + "\n"


def _example(case: Case, server: Server, texts: Texts, deeper: str = "") -> Iterator[str]:
    yield _anchor(case)
    yield (inspect.getdoc(sys.modules[_module(case)]) or "").strip()
    yield f"##{deeper} Before"
    yield f"```python\n{case.blue.strip()}\n```"
    yield f"##{deeper} After"
    yield f"```python\n{case.green.strip()}\n```"
    yield f"##{deeper} The revisions"
    for path, text in texts.items():
        yield f"`{path}`\n\n```python\n{text}```"
    yield f"##{deeper} The locks"
    yield "\n".join(_table(locks(case, server, texts)))


def _table(traced: Iterable[tuple[str, Sequence[tuple[str, Taken]]]]) -> Iterator[str]:
    yield "| phase | operation | transaction | statement | newly locked | waiting meanwhile | rows |"
    yield "|---|---|---|---|---|---|---|"
    for phase, statements in traced:
        if not statements:
            yield f"| {phase} | | | nothing is done | | | |"
        first = min((taken.transaction for _, taken in statements), default=0) - 1
        for verb, taken in statements:
            held = "; ".join(f"{mode} on {_code(relation)}" for mode, relation in taken.locks) or "–"
            number = taken.transaction - first
            yield f"| {phase} | `{verb}` | {number} | {_code(_short(taken.statement))} | {held} | {taken.blocks} | {_cell(taken.rows)} |"


def _short(statement: str) -> str:
    """A statement's beginning, without the comment that tells of its lock."""
    words = " ".join(" ".join(line for line in statement.splitlines() if not line.startswith("--")).split())
    return words if len(words) <= 120 else words[:119].rpartition(" ")[0] + " …"


def _code(text: str) -> str:
    return f"`` {_cell(text)} ``" if "`" in text else f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(case: Case) -> str:
    return f"<!-- case {case.id} -->"


def _module(case: Case) -> str:
    """The module that a case stands in."""
    from tests.lifecycle import cases

    return next(
        name for name, module in sys.modules.items()
        if name.startswith(f"{cases.__name__}.") and case in (*getattr(module, "CASES", ()), getattr(module, "CASE", None))
    )


def _title(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def plan(case: Case, server: Server) -> Texts:
    """What `plan` writes for a case, in a project of its own."""
    with server.database("pages") as url, tempfile.TemporaryDirectory() as directory:
        project = Project(directory=Path(directory), url=url, scratch_url=server.url)
        return texts(project, planned(project, case, seed=False))


def main(kinds: Sequence[str]) -> None:
    """Write the pages of these kinds; of all when none is named."""
    FOLDER.mkdir(exist_ok=True)
    with servers.running("embedded") as server:
        for kind in (k for k in KINDS if not kinds or k.kind in kinds):
            plans = {case.id: plan(case, server) for case in cases_of(kind.kind)}
            path_of(kind.kind).write_text(page(kind, server, plans), encoding="utf-8")
            print(path_of(kind.kind).relative_to(ROOT))
    if not kinds:
        for path in FOLDER.glob("*.md"):
            if path.name != "index.md" and path.stem not in {k.kind for k in KINDS}:
                path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
