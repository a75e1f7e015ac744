"""Any exception as one of ours: what other libraries raise gets our words, our exit code, and no password."""

from __future__ import annotations

import sys
import traceback

from bgmigrate.errors import BgmigrateError, ConfigurationError, InfrastructureError, Interrupted
from bgmigrate.settings import Settings


def explain(error: BaseException, settings: Settings | None, *, verbose: bool) -> BgmigrateError:
    """Say what an exception means for whoever runs the command; with `verbose` its traceback goes to stderr."""
    if isinstance(error, BgmigrateError):
        theirs = error.extra.pop("traceback", "")  # of code that is not ours, such as a version's models
        if verbose and theirs:
            sys.stderr.write(_clean(str(theirs), settings).rstrip() + "\n")
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted(
            "interrupted; run the same command again", why="What was done so far is recorded; the same command goes on from there.",
            next="Run the same command again.",
        )
    if verbose:
        sys.stderr.write(_clean("".join(traceback.format_exception(error)), settings))
    original = getattr(error, "orig", None) or error  # SQLAlchemy wraps the driver's
    text = _clean(str(original), settings)
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if _is(original, "psycopg", "OperationalError"):
        return InfrastructureError(
            f"the database ended the work: {line}", why="What was done so far is recorded; nothing is half done.", next="Run the same command again."
        )
    if _is(original, "alembic", "CommandError"):
        return ConfigurationError(f"Alembic says: {line}", next="Correct it and run the same command again; `bgmigrate doctor` looks for causes.")
    if isinstance(error, OSError):
        return InfrastructureError(line, next="Run the same command again when that is repaired.", code="BGM900")
    return BgmigrateError(
        f"unexpected {type(original).__name__}: {line}", why="This is most likely a fault in bgmigrate, or a case that it does not know.",
        next="Run the same command with -v for the traceback, and report it.",
    )


def _is(error: BaseException, package: str, name: str) -> bool:
    """Is it of that class? Asked by name, because importing the library would cost every command its start."""
    return any(c.__name__ == name and c.__module__.partition(".")[0] == package for c in type(error).__mro__)


def _clean(text: str, settings: Settings | None) -> str:
    from bgmigrate.database import scrub

    for url in filter(None, (settings and settings.database_url, settings and settings.scratch_url)):
        text = scrub(text, str(url))
    return text
