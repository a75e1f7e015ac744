"""Running revisions as `alembic` does, through the project's own env.py, on the database that we were told."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from bgmigrate.database import SAME_DATABASE, connect, sqlalchemy_url
from bgmigrate.errors import BgmigrateError, ConfigurationError, InfrastructureError
from bgmigrate.history.environment import Environment, EnvironmentFailed, quiet
from bgmigrate.history.facts import EnvironmentFacts, spec_of
from bgmigrate.history.project import Project

Destination = str | Sequence[str]
_Steps = Callable[[Any], list[Any]]
_NOWHERE = "postgresql://"  # a dialect, and no database


def upgrade(project: Project, url: str, destination: Destination, *, attributes: Mapping[str, Any] | None = None, scratch: bool = False) -> None:
    """Apply revisions up to a destination (`heads`, `expand@head`, a revision, or several).

    `attributes` reach operations as `op.get_context().config.attributes`. `scratch`: the database is a throw-away one, and env.py may name
    another. Raises ConfigurationError for an env.py that cannot be run or connects elsewhere, Refused (BGM918) for revisions that no file
    has, InfrastructureError for a revision that fails; what operations raise passes through.
    """
    _run(project, url, _upwards(project, destination), destination, attributes, scratch)


def undo(
    project: Project, url: str, revisions: Sequence[str], *, attributes: Mapping[str, Any] | None = None, scratch: bool = False
) -> None:
    """Take back these revisions and no other, newest first; Alembic's own ranges cannot name one side of a merge. Otherwise as `upgrade`."""

    def steps(heads: Any) -> list[Any]:
        scripts = map(project.script.get_revision, revisions)
        return [MigrationStep.downgrade_from_script(project.script.revision_map, s) for s in scripts if s is not None]

    _run(project, url, steps, tuple(revisions), attributes, scratch)


def beside(project: Project, url: str, work: Callable[[MigrationContext], None], *, attributes: Mapping[str, Any] | None = None) -> None:
    """Do something on the connection that env.py makes, and apply no revision: with its role and its search path. Raises as `upgrade` does."""

    def steps(heads: Any) -> list[Any]:
        work(context.get_context())
        return []

    _run(project, url, steps, (), attributes, False)


def stamp(project: Project, url: str, *revisions: str, scratch: bool = False) -> None:
    """Record that the database has these revisions and all that they include; nothing is run.

    Of revisions that include each other only the outermost get a row: more would make every later upgrade fail ("overlaps").
    """
    rows = project.effective(revisions)
    _run(project, url, lambda heads: list(project.script._stamp_revs(rows, heads)), rows, None, scratch, purge=True)


def sql(project: Project, url: str | None, destination: Destination, *, attributes: Mapping[str, Any] | None = None) -> str:
    """The script that `upgrade` would run, starting at what the database has; at nothing when there is no database."""
    start: tuple[str, ...] = ()
    if url:
        with connect(url, purpose="read") as c:
            project.applied(c)
            start = project.recorded(c)
    _, text = _scripted(
        project, _upwards(project, destination), url or _NOWHERE, attributes or {}, destination_rev=destination, starting_rev=start or None
    )
    return text


def target(project: Project) -> EnvironmentFacts:
    """What env.py says of the models and of what Alembic shall look at; it is run off line, so no database is needed."""
    options = _scripted(project, lambda heads: [], _NOWHERE, {}, destination_rev="heads")[0].options
    return EnvironmentFacts(
        target_metadata_spec=spec_of(options.get("target_metadata")), include_name=options.get("include_name"),
        include_object=options.get("include_object"), version_table=options.get("version_table") or "alembic_version",
        version_table_schema=options.get("version_table_schema"),
    )


def _upwards(project: Project, destination: Destination) -> _Steps:
    return lambda heads: list(project.script._upgrade_revs(_symbols(destination), heads))


def _run(
    project: Project, url: str, steps: _Steps, destination: Any, attributes: Mapping[str, Any] | None, scratch: bool, *, purge: bool = False
) -> None:
    with connect(url, purpose="read") as c:
        row = c.execute(SAME_DATABASE).fetchone()
        if not purge:
            project.applied(c)
            _startable(project, project.recorded(c))
    assert row is not None
    drive = functools.partial(
        _drive, project, url, steps, identity=row[0], scratch=scratch, attributes=attributes or {}, destination_rev=destination, purge=purge
    )
    try:
        drive()
    except EnvironmentFailed:
        if not scratch:
            raise
        # It wants a database, a driver or a variable that a throw-away run does not need. Its offline path connects to nothing.
        with contextlib.suppress(EnvironmentFailed):
            drive(as_sql=True)
            return
        raise


def _startable(project: Project, rows: tuple[str, ...]) -> None:
    if (right := project.effective(rows)) != rows:
        raise ConfigurationError(
            f"the version table has rows that other rows include: {', '.join(sorted(set(rows) - set(right)))}", code="BGM918",
            why='Alembic cannot upgrade from there ("overlaps"); `alembic stamp expand@head contract@head` leaves it so.',
            next=f"alembic stamp --purge {' '.join(right)}",
        )


def _drive(
    project: Project, url: str, steps: _Steps, *, identity: str | None, scratch: bool, attributes: Mapping[str, Any], as_sql: bool = False,
    **options: Any,
) -> Environment:
    config = project.config
    ends = contextlib.ExitStack()  # operations put here what must be closed when this run ends
    config.attributes.clear()
    config.attributes.update({"bgmigrate.url": url, "bgmigrate.scratch": scratch, "bgmigrate.settings": project.settings, "bgmigrate.ends": ends})
    config.attributes.update(attributes)
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    environment = Environment(
        config, project.script, url=url, identity=identity, scratch=scratch, steps=steps, as_sql=as_sql, **options
    )
    with quiet(), ends, environment.context, environment.closing, _explained(project, environment):
        project.script.run_env()
    return environment


def _scripted(project: Project, steps: _Steps, url: str, attributes: Mapping[str, Any], **options: Any) -> tuple[Environment, str]:
    out = io.StringIO()
    before, project.config.output_buffer = project.config.output_buffer, out
    try:
        ran = _drive(project, url, steps, identity=None, scratch=False, attributes=attributes, as_sql=True, **options)
    finally:
        project.config.output_buffer = before
    return ran, out.getvalue()


@contextlib.contextmanager
def _explained(project: Project, environment: Environment) -> Iterator[None]:
    """Give what goes wrong in env.py, in Alembic and in a revision its name."""
    try:
        yield
    except BgmigrateError:
        raise
    except Exception as error:
        if not environment.options:
            raise _env_failed(project, error) from error
        if isinstance(error, CommandError):
            raise ConfigurationError(
                f"Alembic refuses: {_line(error)}", why="The database's version table and the revision files do not fit together.",
                next="Compare `alembic current` with `alembic heads --verbose`.", code="BGM918",
            ) from error
        if isinstance(error, (SQLAlchemyError, psycopg.Error)):
            where = f"revision {environment.current}" if environment.current else "the migration run"
            raise InfrastructureError(
                f"{where} failed: {_line(getattr(error, 'orig', None) or error)}",
                why="Revisions before it are applied and recorded; its own transaction was rolled back.",
                next="Remove the cause, then run the same command again.", code="BGM900", revision=environment.current,
            ) from error
        if environment.current is None:
            raise
        raise ConfigurationError(
            f"revision {environment.current} raises {type(error).__name__}: {_line(error)}", why="Revisions before it are applied and recorded.",
            next=f"Correct {project.path_of(environment.current)}, then run the same command again.", code="BGM900", revision=environment.current,
        ) from error


def _env_failed(project: Project, error: Exception) -> EnvironmentFailed:
    where = project.script.env_py_location
    if isinstance(error, ModuleNotFoundError) or "greenlet" in str(error):
        module = getattr(error, "name", None) or "greenlet"
        return EnvironmentFailed(
            f"{where} needs the module {module!r}, which is not installed beside bgmigrate",
            why="Revisions are run through the project's own env.py.",
            next=f"pip install {module} where bgmigrate is installed, or let env.py use the URL of its config (sqlalchemy.url).",
        )
    return EnvironmentFailed(
        f"{where} fails: {type(error).__name__}: {_line(error)}", why="Revisions are run through the project's own env.py.",
        next="`alembic current` must work with the same environment variables.",
    )


def _line(error: BaseException) -> str:
    """The first line of an error, without the password of any URL in it."""
    return re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:***@", (str(error).splitlines() or [""])[0])


def _symbols(destination: Destination) -> Any:
    return destination if isinstance(destination, str) else tuple(destination)
