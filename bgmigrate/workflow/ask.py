"""Questions at a terminal: what looks like a rename, with the likely candidates. Without a terminal nothing is asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bgmigrate.planner.renames import Undecided


def about_renames(undecided: Sequence[Undecided]) -> list[tuple[str, str]] | None:
    """The answers as flags and their texts; None where there is nothing to ask, or nobody to answer."""
    if not undecided or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import click

    answers, taken = [], set[tuple[str | None, str]]()
    for u in undecided:
        left = [c for c in u.candidates if (u.table, c) not in taken]
        if not left:
            answers.append(_new(u))
            continue
        click.echo(f"{u.name} is new. Is it one of these under a new name?", err=True)
        for number, candidate in enumerate(left, 1):
            click.echo(f"  {number}  {u.table}.{candidate}" if u.table else f"  {number}  {candidate}", err=True)
        click.echo("  0  none of them: it is new, and they go", err=True)
        chosen = click.prompt("Which", type=click.IntRange(0, len(left)), err=True)
        if chosen == 0:
            answers.append(_new(u))
            continue
        old = left[chosen - 1]
        taken.add((u.table, old))
        answers.append(("rename", f"{u.table}.{old}={u.new}") if u.table else ("rename_table", f"{old}={u.new}"))
    return answers


def _new(u: Undecided) -> tuple[str, str]:
    return ("new", u.name) if u.table else ("new_table", u.new)
