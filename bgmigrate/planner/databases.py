"""The two schemas that a plan compares, each in a throw-away database of its own: the migrations', and what the target's create_all makes.

Best existing tool: Alembic compares with the developer's database, whatever is in it; migra and its like want two databases that somebody else
has made. Ours come from the files alone, and are made while the versions' interpreters start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import psycopg

from bgmigrate import scratch
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.excerpt import excerpt
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.sql import compose
from bgmigrate.versions.at_once import threads

T = TypeVar("T")
TOGETHER = 50  # statements of create_all in a message, which is one transaction: it must not run out of locks
EXTENSIONS = (
    "SELECT extname, nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql' AND nspname <> 'pg_catalog'"
)


@dataclass(frozen=True, kw_only=True)
class Versions:
    """How to describe the target and the version that is live, which may be unknown."""

    target: Callable[[], Snapshot]
    blue: Callable[[], Snapshot | None]


@dataclass(frozen=True, kw_only=True)
class Built(Generic[T]):
    """`heads`: a connection to the migrations' schema; `final`: one to the target's; `first`: what was looked at meanwhile."""

    heads: Connection
    final: Connection
    target: Snapshot
    blue: Snapshot | None
    first: T


@contextmanager
def built(settings: Settings, project: Project, versions: Versions, *, first: Callable[[], T]) -> Iterator[Built[T]]:
    """Describe both versions and make both databases, at once. `first` is called while that begins, and may end it by raising.

    Raises Refused when the server refuses a statement of the target's create_all, and what `versions`, `first` and Alembic raise.
    """
    with threads() as pool, contextlib.ExitStack() as stack:
        described, live = pool.submit(versions.target), pool.submit(versions.blue)
        pool.submit(scratch.server_url, settings)  # it may have to start first
        seen = first()
        url = stack.enter_context(scratch.database(settings, "target"))
        building = pool.submit(_build, described, url)
        with _heads(settings, project) as heads:
            snapshot, extra = described.result(), extensions(heads)
            refused = building.result()
            if refused and extra:  # it could not wait for the extensions that the migrations make
                url = stack.enter_context(scratch.database(settings, "target"))
                refused = _build(described, url, extra)
            if refused:
                raise refused
            with connect(url, purpose="plan") as final:
                for statement in extra:
                    final.execute(statement.encode())
                yield Built(heads=heads, final=final, target=snapshot, blue=live.result(), first=seen)


def extensions(like: Connection) -> list[str]:
    """Statements that create a database's extensions in another one."""
    out = []
    for name, schema in like.execute(EXTENSIONS):
        out.append(compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=schema))
        out.append(compose("CREATE EXTENSION IF NOT EXISTS {n:i} SCHEMA {s:i}", n=name, s=schema))
    return out


@contextmanager
def _heads(settings: Settings, project: Project) -> Iterator[Connection]:
    with scratch.database(settings, "heads") as url:
        runner.upgrade(project, url, "heads", scratch=True, attributes={"bgmigrate.gate": "open"})
        with connect(url, purpose="plan") as c:
            yield c


def _build(described: Future[Snapshot], url: str, extra: Sequence[str] = ()) -> Refused | None:
    """Create a version's schema in an empty database; what stands in the way, if anything does."""
    snapshot = described.result()
    with connect(url, purpose="plan") as c:
        for statement in (*extra, *(compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=s) for s in snapshot.schemas)):
            c.execute(statement.encode())
        for at in range(0, len(snapshot.ddl), TOGETHER):
            if refused := _send(c, snapshot.ddl[at : at + TOGETHER]):
                return refused
    return None


def _send(connection: Connection, statements: Sequence[str]) -> Refused | None:
    """Many statements in one message; one by one where the server takes them no other way, or refuses one."""
    with contextlib.suppress(psycopg.Error):
        connection.execute("\n;\n".join(statements).encode())
        return None
    for statement in statements:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            refused = Refused(
                f"the target's own schema cannot be built: {error.diag.message_primary or error}: {excerpt(statement, 200)}",
                why="What its SQLAlchemy's create_all sends is refused by the server, so there is nothing to compare with.",
                next="Correct the models (or create the extension in a migration), and run the same command again.",
            )
            refused.__cause__ = error
            return refused
    return None
