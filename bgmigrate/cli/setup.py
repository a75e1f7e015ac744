"""Commands around releases: adopting a project, versions, and where things stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bgmigrate.cli.common import DURATION, ENVIRONMENT, Run, command

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@command(example="bgmigrate init\nbgmigrate init --baseline      # the database has tables, but Alembic knows nothing of them")
@click.option("--baseline", is_flag=True, help="Make today's schema the first revision, and stamp the database with it.")
def init(run: Run, baseline: bool) -> Report:
    """Adopt the project's Alembic environment, or make one: two anchor revisions, `expand` and `contract`."""
    return run("init", baseline=baseline)


@command(example="bgmigrate register --env blue --version 2.4.1 --source git:v2.4.1\nbgmigrate register --development   # no live environments here\n"
         "bgmigrate register --env blue --heartbeat nightly-report --for 26h")
@click.option("--env", "environment", type=ENVIRONMENT, help="Which environment; the first one registered on a database is live (default: blue).")
@click.option("--version", help="Its name (default: git describe, or the source).")
@click.option("--source", metavar="SPEC", help="Its models: git:REF, path:DIR, python:INTERPRETER, snapshot:FILE (default: the working tree).")
@click.option("--development", is_flag=True, help="Declare that this database serves no live environments: gates are open here.")
@click.option("--retire", is_flag=True, help="Record that the environment's version (or the one named with --version) is gone.")
@click.option("--provides", multiple=True, metavar="API/VERSION", help="An API's version that it has; repeatable (default: as configured).")
@click.option("--requires", multiple=True, metavar="API/VERSION", help="Another service's API's version that it calls; likewise.")
@click.option("--heartbeat", metavar="NAME", help="Only record that this job, which holds no session between its runs, is a part of --env.")
@click.option("--for", "lasts", type=DURATION, default=86_400.0, metavar="DURATION", help="For how long a heartbeat counts (default: a day).")
def register(
    run: Run, environment: str | None, version: str | None, source: str | None, development: bool, retire: bool, provides: tuple[str, ...],
    requires: tuple[str, ...], heartbeat: str | None, lasts: float,
) -> Report:
    """Record which version an environment runs, or that it is gone, or that a job of it is alive."""
    names = {"provides": provides or None, "requires": requires or None}
    return run(
        "register", environment=environment, version=version, source=source, development=development, retire=retire, heartbeat=heartbeat, lasts=lasts,
        **names,
    )


@command(example="bgmigrate snapshot git:v2.4.1 -o blue.json")
@click.argument("spec", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The file to write (default: stdout).")
def snapshot(run: Run, spec: str | None, output: Path | None) -> Report:
    """Write a version's portable description: what its models create and write."""
    return run("snapshot", spec=spec, output=output)


@command(example="bgmigrate status --json")
def status(run: Run) -> Report:
    """Say who is live, what is pending, how far backfills are and what was proved."""
    return run("status")


@command(example="bgmigrate matrix --json")
def matrix(run: Run) -> Report:
    """Show every service's versions: what each needs of the schema, what it lacks, what a contract takes from it, and which APIs it has."""
    return run("matrix")


@command(example="bgmigrate report -o evidence.html")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="FILE.html, or FILE.xml for JUnit (default: stdout).")
def report(run: Run, output: Path | None) -> Report:
    """Show the last recorded evidence as a page: versions and probes by tables, and what is behind each cell."""
    return run("report", output=output)


@command(example="bgmigrate doctor")
def doctor(run: Run) -> Report:
    """Look for what is wrong with the set-up, and say how to repair it."""
    return run("doctor")


@command(example="bgmigrate route follow\nbgmigrate route follow --once      # before a proxy starts")
@click.argument("action", type=click.Choice(["follow"]))
@click.option("--once", is_flag=True, help="Put everything right one time, and end.")
@click.option("--interval", type=DURATION, default=0.5, metavar="DURATION", help="Between two looks at the instances (default: 500ms).")
def route(run: Run, action: str, once: bool, interval: float) -> Report:
    """Keep proxies at what the store says, also those that restart or join; runs until it is stopped."""
    return run("route", action=action, once=once, interval=interval)


@command(example="bgmigrate demo")
@click.option("--customers", type=click.IntRange(min=100), default=200_000, show_default=True, help="Customers in the shop.")
@click.option("--keep", is_flag=True, help="Keep the project directory with its revision files.")
def demo(run: Run, customers: int, keep: bool) -> Report:
    """Show a whole release live on an embedded server, two versions writing all the while."""
    return run("demo", customers=customers, keep=keep)


COMMANDS = (init, register, snapshot, status, matrix, report, doctor, route, demo)
