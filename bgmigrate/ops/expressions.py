"""Expressions out of hints, as the server takes them: it parses and tries each before anything changes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from bgmigrate.errors import Refused

PASSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateObject)  # these are not about the expression


@contextlib.contextmanager
def tried(called: str, expression: str, hint: str) -> Iterator[None]:
    """Raises Refused (BGM904) with the server's words where it takes the expression for `called` not; `hint`: what it stands in."""
    try:
        yield
    except PASSED:
        raise
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError) as error:
        raise Refused(
            f"the expression for {called} is refused by the server: {error.diag.message_primary}: {expression}",
            why="Every write of the other version would go through it. Nothing was changed.",
            next=f"Correct the hint {hint} in the model, delete the two revision files if they are written, and run `bgmigrate plan` again.",
            code="BGM904",
        ) from error
