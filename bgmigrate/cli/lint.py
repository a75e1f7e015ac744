"""`bgmigrate lint`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bgmigrate.cli.common import Run, command

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@command(example="bgmigrate lint\nbgmigrate lint --diff-base origin/main\nbgmigrate lint --explain BGM101")
@click.argument("revisions", nargs=-1, metavar="[REV]...")
@click.option("--diff-base", metavar="REF", help="Only revisions that are new or changed since this git ref.")
@click.option("--all", "everything", is_flag=True, help="The whole history, from before `init` too.")
@click.option("--strict", is_flag=True, help="Exit 3 for warnings as well.")
@click.option("--explain", metavar="CODE", help="Show a rule's page: the danger, the reason, an example of either kind.")
@click.option("--format", "form", type=click.Choice(["text", "github", "sarif"]), help="Lines, annotations of a GitHub run, or SARIF (default: "
"text).")
@click.option("--github/--no-github", default=None, help="Annotate the GitHub workflow run with the findings (default: where GITHUB_ACTIONS=true).")
def lint(
    run: Run, revisions: tuple[str, ...], diff_base: str | None, everything: bool, strict: bool, explain: str | None, form: str | None
) -> Report:
    """Look for hazards in revision files, generated and hand-written; needs no database.

    REV: revisions or their files. Without any: those of the expand and contract branches.
    """
    if explain:
        return run("explain", code=explain)
    if sum((bool(revisions), diff_base is not None, everything)) > 1:
        raise click.UsageError("REV, --diff-base and --all exclude each other")
    return run("lint", revisions=revisions, diff_base=diff_base, everything=everything, strict=strict, form=form or "text")
