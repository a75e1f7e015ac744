"""What every command shares: its options, its settings, and how it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import bgmigrate
from bgmigrate import failures
from bgmigrate.cli import output
from bgmigrate.errors import ConfigurationError
from bgmigrate.observing import listeners
from bgmigrate.progress import Progress
from bgmigrate.reporting import github
from bgmigrate.settings import Settings, load, seconds

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a command: call it with the workflow's name and arguments."""

    settings: Settings
    progress: Progress = field(default_factory=Progress)

    def __call__(self, workflow: str, **arguments: Any) -> Report:
        """Call the workflow function of that name, imported only now."""
        function = getattr(bgmigrate, workflow)
        report: Report = function(self.settings, progress=self.progress, **arguments)
        return report


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest click
    """"300ms", "2s", "10m", or a number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        try:
            return seconds(value)
        except ConfigurationError:
            self.fail(f'{value!r} is not a duration; write "300ms", "2s", "10m" or a number of seconds', param, ctx)


DURATION = Duration()
ENVIRONMENT = click.Choice(["blue", "green"])

_COMMON = (
    click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout and nothing else; progress goes to stderr."),
    click.option("--config", type=click.Path(path_type=Path), metavar="PATH", help="The configuration file instead of the one found."),
    click.option("--database-url", metavar="URL", help="The service's database; better BGMIGRATE_DATABASE_URL, which no process list shows."),
    click.option("-v", "--verbose", count=True, help="Say more: statements, tracebacks."),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
)
WAIT = click.option("--wait", type=DURATION, default=0.0, metavar="DURATION", help="Wait that long for another run to end; else exit 5 at once.")
REPORT = click.option(
    "--report", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="Also write it as a page (FILE.html) or as JUnit (FILE.xml); repeatable.",
)
GITHUB = click.option(
    "--github/--no-github", default=None, help="Annotate the GitHub workflow run with the findings (default: where GITHUB_ACTIONS=true).",
)


def command(*, example: str) -> Callable[[Callable[..., Report]], click.Command]:
    """Make a function `(run, **options) -> Report` a command with the common options and an example in its help."""

    def make(function: Callable[..., Report]) -> click.Command:
        name = function.__name__.replace("_", "-")

        def callback(as_json: bool, config: Path | None, database_url: str | None, verbose: int, quiet: bool, **options: Any) -> int:
            settings: Settings | None = None
            annotated = "github" in options and github.wanted(options.pop("github"), os.environ)
            annotated = annotated and options.get("form", "text") in ("text", None)  # another form has stdout to itself
            try:
                settings = load(config=config, overrides={"database_url": database_url})
                events = as_json and not quiet
                run = Run(
                    settings=settings, progress=Progress(-1 if quiet else verbose, listeners(settings, json_lines=events), bars=not events),
                )
                with contextlib.closing(run.progress):
                    report = function(run, **options)
            except (BrokenPipeError, click.ClickException):
                raise  # main knows what they mean
            except (Exception, KeyboardInterrupt) as error:
                said = failures.explain(error, settings, verbose=bool(verbose))
                code = output.failure(said, command=name, service=settings.service if settings else None, as_json=as_json)
                findings = said.findings
            else:
                code, findings = output.report(report, as_json=as_json), report.findings
            if annotated:
                output.annotate(findings, as_json=as_json)
            return code

        callback.__click_params__ = list(getattr(function, "__click_params__", []))  # type: ignore[attr-defined]
        for option in reversed(_COMMON):
            callback = option(callback)
        epilog = "\b\nExample:\n" + "\n".join(f"  {line}" for line in example.splitlines())
        text = (function.__doc__ or "").strip()
        return click.command(name, help=text, short_help=text.splitlines()[0], epilog=epilog)(callback)

    return make
