"""The commands of a release, in its order: plan, expand, verify, switch, contract; and rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bgmigrate.cli.common import DURATION, ENVIRONMENT, GITHUB, REPORT, WAIT, Run, command
from bgmigrate.cli.lint import lint
from bgmigrate.cli.rehearse import rehearse

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@command(example='bgmigrate plan -m "full name" --rename users.name=full_name')
@click.option("-m", "--message", required=True, help="What the revision files are called.")
@click.option("--from", "from_spec", metavar="SPEC", help="The live version (default: what is deployed).")
@click.option("--target", "target_spec", metavar="SPEC", help="The next version (default: the working tree).")
@click.option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
@click.option("--merge", "merging", is_flag=True, help="Join two plans that were made side by side, when their order does not matter.")
@click.option("--rename", multiple=True, metavar="T.OLD=NEW", help="A column was renamed.")
@click.option("--rename-table", multiple=True, metavar="OLD=NEW", help="A table was renamed.")
@click.option("--forward", multiple=True, metavar="T.COLUMN=SQL", help="How a new column is computed from the old row.")
@click.option("--backward", multiple=True, metavar="T.COLUMN=SQL", help="How a dropped column is computed from the new row.")
@click.option("--hints", type=click.Path(path_type=Path), metavar="FILE.toml", help="The same as a file.")
def plan(
    run: Run, message: str, from_spec: str | None, target_spec: str | None, dry_run: bool, rename: tuple[str, ...], rename_table: tuple[str, ...],
    forward: tuple[str, ...], backward: tuple[str, ...], hints: Path | None, merging: bool,
) -> Report:
    """Compare the next version with the schema, and write one expand and, if needed, one contract revision."""
    if merging:
        return run("merge", message=message, dry_run=dry_run)
    given = {"rename": rename, "rename_table": rename_table, "forward": forward, "backward": backward, "file": (str(hints),) if hints else ()}
    flags = [(kind, text) for kind, texts in given.items() for text in texts]
    return run("plan", message=message, from_spec=from_spec, target_spec=target_spec, dry_run=dry_run, hints=flags)


WORKERS = click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Backfill with N connections at once (default: expand.workers, 1).")


@command(example="bgmigrate expand --wait 5m")
@click.option("--to", metavar="REV", help="Only up to this revision.")
@click.option("--defer-backfill", is_flag=True, help="Leave the backfills to `bgmigrate backfill`.")
@WORKERS
@click.option("--sql", is_flag=True, help="Print the statements instead.")
@WAIT
def expand(run: Run, to: str | None, defer_backfill: bool, workers: int | None, sql: bool, wait: float) -> Report:
    """Apply what both versions can live with, backfills included."""
    return run("expand", to=to, defer_backfill=defer_backfill, workers=workers, sql=sql, wait=wait)


@command(example="bgmigrate backfill --workers 2\nbgmigrate backfill --status")
@click.option("--status", is_flag=True, help="Only say how far they are.")
@click.option("--pause", is_flag=True, help="Stop before the next batch, wherever the workers are; they wait.")
@click.option("--resume", is_flag=True, help="Go on after --pause or --cancel, refused rows included.")
@click.option("--cancel", is_flag=True, help="End every run of it; what is written stays in step.")
@WORKERS
@WAIT
def backfill(run: Run, status: bool, pause: bool, resume: bool, cancel: bool, workers: int | None, wait: float) -> Report:
    """Go on with backfills that were deferred or interrupted, or help a run that is at it."""
    if status + pause + resume + cancel > 1:
        raise click.UsageError("--status, --pause, --resume and --cancel exclude each other")
    return run("backfill", status=status, pause=pause, resume=resume, cancel=cancel, workers=workers, wait=wait)


@command(example="bgmigrate verify --green git:HEAD\nbgmigrate verify --report evidence.html --report junit.xml")
@click.option("--blue", metavar="SPEC", help="Blue's version (default: what is registered).")
@click.option("--green", metavar="SPEC", help="Green's version (default: what is registered, or the working tree).")
@click.option("--on", type=click.Choice(["scratch", "live"]), default="scratch", show_default=True, help="A clone of the schema, or itself.")
@REPORT
@GITHUB
@click.option("--statements", multiple=True, metavar="[ENV=]FILE", help="What the services send: SQL, or a log of the server.")
def verify(run: Run, blue: str | None, green: str | None, on: str, report: tuple[Path, ...], statements: tuple[str, ...]) -> Report:
    """Run both versions on this schema, and record what came out as evidence."""
    return run("verify", blue=blue, green=green, on=on, report=report, statements=statements)


@command(example='bgmigrate switch --to green --reason "release 2.4"')
@click.option("--to", type=ENVIRONMENT, help="The environment to make live (default: the idle one).")
@click.option("--reason", default="", metavar="TEXT", help="Kept in the history.")
@click.option("--dry-run", is_flag=True, help="Ask the gate and change nothing.")
@click.option("--resume", is_flag=True, help="Finish a switch that was interrupted.")
@WAIT
def switch(run: Run, to: str | None, reason: str, dry_run: bool, resume: bool, wait: float) -> Report:
    """Make the idle environment live; the same command goes back."""
    return run("switch", to=to, reason=reason, dry_run=dry_run, resume=resume, wait=wait)


@command(example="bgmigrate contract --wait-drained 10m\nbgmigrate contract --quarantine 7d\nbgmigrate contract --undo\nbgmigrate contract --purge")
@click.option("--to", metavar="REV", help="Only up to this revision.")
@click.option("--wait-drained", type=DURATION, default=0.0, metavar="DURATION", help="Wait that long for the retired version's last session to end.")
@click.option("--drained", metavar="REASON", help="State that the retired version is gone; kept as evidence.")
@click.option("--fence", is_flag=True, help="Let the retired version's role log in no more (reversible).")
@click.option("--quarantine", type=DURATION, metavar="DURATION", help="Rename away for that long instead of dropping.")
@click.option("--undo", is_flag=True, help="Take back what is in quarantine: the old version runs again.")
@click.option("--purge", is_flag=True, help="Drop what is in quarantine (with --quarantine: for at least that long).")
@click.option("--dry-run", is_flag=True, help="Ask the gate and change nothing.")
@WAIT
def contract(
    run: Run, to: str | None, wait_drained: float, drained: str | None, fence: bool, quarantine: float | None, undo: bool, purge: bool,
    dry_run: bool, wait: float,
) -> Report:
    """Apply what only the live version can live with."""
    options = {"fence": fence, "quarantine": quarantine, "undo": undo, "purge": purge, "dry_run": dry_run}
    return run("contract", to=to, wait_drained=wait_drained, drained=drained, wait=wait, **options)


@command(example="bgmigrate rollback")
@WAIT
def rollback(run: Run, wait: float) -> Report:
    """Undo an expand that has not been contracted, leaving no trace."""
    return run("rollback", wait=wait)


COMMANDS = (plan, lint, rehearse, expand, backfill, verify, switch, contract, rollback)
