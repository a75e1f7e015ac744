"""`bgmigrate rehearse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bgmigrate.cli.common import GITHUB, Run, command

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@command(example="bgmigrate rehearse --strict\nbgmigrate rehearse --copy postgresql+psycopg://…/restored   # which is changed")
@click.option("--blue", metavar="SPEC", help="Blue's version (default: what is registered).")
@click.option("--green", metavar="SPEC", help="The models that the end must be equal to (default: the working tree).")
@click.option("--copy", "copy_url", metavar="URL", help="A restored copy of the database to do it on; it is changed, contracts included.")
@click.option("--rows", type=click.IntRange(min=0), default=0, metavar="N", help="Copy at most N rows of each table, too (default: none).")
@click.option("--every-step", is_flag=True, help="Roll back from between any two operations, however long that takes.")
@click.option("--no-verify", is_flag=True, help="Do not try the versions on the copy.")
@click.option("--strict", is_flag=True, help="Exit 3 for warnings, too.")
@click.option("--format", "form", type=click.Choice(["text", "github", "sarif"]), default="text", show_default=True, help="Of what is printed.")
@GITHUB
def rehearse(
    run: Run, blue: str | None, green: str | None, copy_url: str | None, rows: int, every_step: bool, no_verify: bool, strict: bool, form: str
) -> Report:
    """Carry out everything that is pending on a scratch copy, and say what each statement locks, reads and rewrites."""
    if rows and copy_url:
        raise click.UsageError("--rows and --copy exclude each other: a restored copy has its rows")
    options = {"copy_url": copy_url, "rows": rows, "every_step": every_step, "try_versions": not no_verify, "strict": strict, "form": form}
    return run("rehearse", blue=blue, green=green, **options)
