"""Connecting as the application does, and trying things in savepoints that leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import failure, sqlalchemy_version
    from bgmigrate.versions.inside.hooks import SILENCED, raised_by_hook, silence
    from bgmigrate.versions.inside.rows import ParentFailed
    from bgmigrate.versions.inside.samples import CannotMake


def with_connection(url: str, driver: str, work: Callable[[Any], Any]) -> Any:
    """Run `work(connection)` on a connection made with the driver, an asynchronous one included."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url

    target = make_url(url).set(drivername="postgresql+" + driver)
    target, arguments = without_libpq(target, driver)
    if driver != "asyncpg":
        old: Dict[str, Any] = {"future": True} if sqlalchemy_version().startswith("1.") else {}
        engine = create_engine(target, connect_args=arguments, **old)
        try:
            with engine.connect() as connection:
                return work(connection)
        finally:
            engine.dispose()
    import asyncio

    from sqlalchemy.ext.asyncio import create_async_engine

    async def run() -> Any:
        engine = create_async_engine(target, connect_args=arguments)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def without_libpq(target: Any, driver: str) -> Tuple[Any, Dict[str, Any]]:
    """The URL and arguments of connect() for a driver that does not take libpq's parameters: the directory of a socket, and encryption."""
    if driver in ("psycopg", "psycopg2"):
        return target, {}
    given = dict(target.query)
    host, mode = str(given.get("host", "")), given.get("sslmode", "")
    arguments: Dict[str, Any] = {}
    if mode in ("require", "verify-ca", "verify-full"):
        import ssl

        context = ssl.create_default_context(cafile=given.get("sslrootcert"))
        context.check_hostname = mode == "verify-full"
        if mode == "require":
            context.verify_mode = ssl.CERT_NONE
        arguments["ssl_context" if driver == "pg8000" else "ssl"] = context
    if driver == "pg8000" and host.startswith("/"):
        arguments["unix_sock"] = "%s/.s.PGSQL.%s" % (host, target.port or given.get("port") or 5432)
        host = ""
    return target.set(query={"host": host} if host else {}), arguments


def new_session(connection: Any) -> Any:
    """A session that flushes into the connection's own transaction and never commits it."""
    from sqlalchemy.orm import Session

    old: Dict[str, Any] = {"future": True} if sqlalchemy_version().startswith("1.") else {}
    return Session(bind=connection, autoflush=False, **old)


def attempt(connection: Any, work: Callable[[Any], Any], *, keep: bool = False) -> Tuple[Any, Optional[Exception]]:
    """Run `work(session)` in a savepoint and roll it back (or keep it when it went well); the result, or the error.

    Once more without the application's own listeners when it was one of them that failed.
    """
    result, error = attempted(connection, work, keep=keep)
    cause = getattr(error, "original", error)
    if cause is None or SILENCED or not raised_by_hook(cause):
        return result, error
    silence(cause)
    return attempted(connection, work, keep=keep)


def attempted(connection: Any, work: Callable[[Any], Any], *, keep: bool) -> Tuple[Any, Optional[Exception]]:
    """The same, once."""
    point = connection.begin_nested()
    session = new_session(connection)
    try:
        result = work(session)
        if keep:
            session.flush()
            session.expunge_all()
            session.commit()
            if point.is_active:
                point.commit()
        return result, None
    except Exception as error:
        if connection.closed or connection.invalidated:
            raise
        return None, error
    finally:
        session.close()
        if point.is_active:
            point.rollback()


def read_only(connection: Any, work: Callable[[Any], Any]) -> Tuple[Any, Optional[Exception]]:
    """Run `work(session)`, which only reads, on a connection that commits by itself; the result, or the error."""
    session = new_session(connection)
    try:
        return work(session), None
    except Exception as error:
        if connection.closed or connection.invalidated:
            raise
        return None, error
    finally:
        session.close()


def told(error: BaseException) -> Dict[str, Any]:
    """What the server (or Python) said, as it travels: sqlstate, message, table, column, constraint, where, statement."""
    origin = getattr(error, "orig", None)
    lines = str(origin or error).strip().splitlines()
    out: Dict[str, Any] = {"kind": type(error).__name__, "message": lines[0] if lines else type(error).__name__}
    if isinstance(error, CannotMake):
        out["state"] = "unmade"
        return out
    if isinstance(error, ParentFailed):
        return {**out, "state": "parent", "table": error.table}
    if origin is None:
        out["traceback"] = failure(error)["traceback"]
        return out
    cause = getattr(origin, "__cause__", None) or origin  # asyncpg's own error stands behind SQLAlchemy's
    diag = getattr(origin, "diag", None) or cause
    raw = origin.args[0] if origin.args and isinstance(origin.args[0], dict) else {}  # pg8000
    out["state"] = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or getattr(cause, "sqlstate", None) or raw.get("C")
    for ours, theirs, letter in (
        ("message", "message_primary", "M"), ("table", "table_name", "t"), ("schema", "schema_name", "s"), ("column", "column_name", "c"),
        ("constraint", "constraint_name", "n"), ("context", "context", "W"),
    ):
        value = getattr(diag, theirs, None) or raw.get(letter)
        if isinstance(value, str):
            out[ours] = value
    if "message_primary" not in dir(diag) and getattr(cause, "message", None):
        out["message"] = str(cause.message)
    out["statement"] = str(getattr(error, "statement", "") or "")[:2000]  # whoever shows it cuts it between words
    return out


def key_of(fault: Dict[str, Any]) -> Optional[str]:
    """The table that the server named, as plans and findings call it."""
    if not fault.get("table"):
        return None
    schema = fault.get("schema")
    return fault["table"] if schema in (None, "public") else "%s.%s" % (schema, fault["table"])
