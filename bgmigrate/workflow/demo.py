"""`demo`: a whole release of the example shop on an embedded server, both versions writing all the while."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bgmigrate import embedded
from bgmigrate.database import named
from bgmigrate.demo import project, story, summary
from bgmigrate.demo.figures import Figures
from bgmigrate.demo.fleet import Fleet
from bgmigrate.demo.interrupts import held_back
from bgmigrate.demo.stage import Stage
from bgmigrate.demo.visitors import Visitors
from bgmigrate.errors import Interrupted
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report


def demo(
    settings: Settings, *, customers: int = 200_000, keep: bool = False, dwell: float = 2.5, progress: Progress | None = None
) -> Report:
    """Show the release live and report what the load saw; `dwell` is how long the load goes on between commands, in seconds.

    The settings of the project at hand are not used. Raises ConfigurationError without the embedded server, Interrupted on Ctrl-C;
    the exit code is 1 when a request failed or a value was wrong.
    """
    screen, figures, directory = progress or Progress(), Figures(), None
    try:
        with ExitStack() as stack:
            with held_back():
                directory = stack.enter_context(_directory(keep))
                server = stack.enter_context(embedded.server())
            url = named(server, "postgres")
            visitors = stack.enter_context(Visitors(directory, url, customers))
            project.make(directory, visitors.actuator())
            fleet = stack.enter_context(Fleet(directory, url, figures, visitors.ports))
            stage = Stage(
                directory=directory, url=url, fleet=fleet, visitors=visitors, batons=project.untouched(customers), progress=screen, dwell=dwell,
            )
            backfills = story.release(stage, url, customers)
            screen.step("The closing audit: the new version reads every customer.")
            audited, wrong = fleet.audit("green", customers)
    except KeyboardInterrupt:
        left = f"{directory} is kept" if keep and directory else "its directory is gone"
        raise Interrupted("the demo was interrupted", why=f"Its server is stopped, and {left}.", next="bgmigrate demo") from None
    return _report(figures, visitors, backfills, audited, wrong, directory if keep else None)


@contextmanager
def _directory(keep: bool) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-demo-"))
    try:
        yield home
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def _report(
    figures: Figures, visitors: Visitors, backfills: list[dict[str, Any]], audited: int, wrong: list[str], kept: Path | None
) -> Report:
    problems = figures.problems + visitors.problems + [f"closing audit: {text}" for text in wrong]
    found = {
        "phases": figures.rows(), "totals": {"blue": figures.total("blue"), "green": figures.total("green"), "both": figures.total()},
        "backfills": backfills, "longest_stall": figures.longest(), "audited": audited, "audit_wrong": len(wrong), "problems": problems[:50],
        "directory": str(kept) if kept else None, "visitors": visitors.counts if visitors.there else None,
    }
    return Report(
        command="demo", outcome="error" if problems else "done", service="shop", exit_code=1 if problems else 0, extra=found,
        lines=tuple(summary.lines(found)),
    )
