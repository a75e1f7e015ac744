"""One revision's upgrade(), run against a recorder: no database, no statement is sent."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.runtime.environment import EnvironmentContext

from bgmigrate.lint.actions import Opaque
from bgmigrate.lint.actions_beside import RowByRow
from bgmigrate.lint.known import Known
from bgmigrate.lint.recorder import Recorder, Tape, context
from bgmigrate.lint.row_by_row import loops
from bgmigrate.lint.statement import Phase, Reading
from bgmigrate.lint.unreached import unreached


def read(
    module: ModuleType, *, path: Path, revision: str, phase: Phase, known: Known, script: Any = None, config: Any = None,
    small: frozenset[str] = frozenset(),
) -> Reading:
    """What a revision does. `known` takes it in, for the revisions after it; the reading keeps what was known before.

    Where upgrade() fails without a database, that is noted, and the calls it did not come to are read one by one.
    """
    before = known.copy()
    tape = Tape(str(module.__file__), known)
    with _on(tape, script, config) as recorder:
        try:
            module.upgrade()
        except (Exception, SystemExit) as error:  # whatever the revision's own code raises
            line = _line_of(error, tape.path)
            tape.note(Opaque(why=f"without a database it ends here: {type(error).__name__}: {_first_line(error)}"), line=line)
            unreached(module, recorder, tape)
        for line in loops(path.read_text(encoding="utf-8") if path.is_file() else ""):
            tape.note(RowByRow(), line=line)
    return Reading(
        revision=revision, path=path, phase=phase, statements=tuple(tape.statements), sql=tuple(tape.sql),
        known=before, gated="begin_contract" in (s.verb for s in tape.steps), small=small,
        steps=tuple(tape.steps),
    )


@contextlib.contextmanager
def _on(tape: Tape, script: Any, config: Any) -> Iterator[Recorder]:
    """Stand behind `alembic.op` and `alembic.context` meanwhile, and keep what the revision prints to ourselves."""
    with contextlib.redirect_stdout(StringIO()), contextlib.redirect_stderr(StringIO()), warnings.catch_warnings():
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # Alembic says of each that it prints a script
        warnings.simplefilter("ignore")  # of SQLAlchemy about old usage, which every run of the migrations shows
        environment: Any = EnvironmentContext(config, script) if config is not None and script is not None else None
        migration = context(tape, environment)
        recorder = Recorder(migration, tape)
        if environment is not None:
            environment._migration_context = migration
        try:
            with environment if environment is not None else contextlib.nullcontext():
                recorder._install_proxy()
                try:
                    yield recorder
                finally:
                    recorder._remove_proxy()
        finally:
            logging.disable(before)


def _line_of(error: BaseException, path: str) -> int | None:
    at, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            at = trace.tb_lineno
        trace = trace.tb_next
    return at


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0]


