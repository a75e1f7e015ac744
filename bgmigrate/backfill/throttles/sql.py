"""What a person watches that PostgreSQL does not: a queue's length, a heartbeat, hours of business; asked in SQL of their own."""

from __future__ import annotations

from typing import ClassVar

import psycopg

from bgmigrate.backfill.throttles.throttle import Unobservable
from bgmigrate.database import Connection

_TRUE, _FALSE = ("t", "true"), ("", "f", "false")  # a boolean as PostgreSQL prints it


class Sql:
    """`query`: its first column decides. True or a text: wait (the text is the reason); false, NULL or no row: go on."""

    name: ClassVar[str] = "sql"
    setting: ClassVar[str] = "throttle_query"

    def __init__(self, query: str) -> None:
        self.query = query

    def reason(self, connection: Connection) -> str | None:
        """Run it, read-only; an error, or anything but a boolean or a text, stops."""
        connection.execute("SET TRANSACTION READ ONLY")
        try:
            row = connection.execute(self.query.encode()).fetchone()
        except psycopg.errors.InsufficientPrivilege as error:
            raise Unobservable(error.diag.message_primary or str(error)) from error  # what it wants to see is the user's, not the server's
        value = row[0] if row else None
        if isinstance(value, str):
            value = True if value.lower() in _TRUE else value.strip() if value.lower() not in _FALSE else None
        if value is None or value is False:
            return None
        if value is True:
            return "expand.throttle_query says so"
        if isinstance(value, str):
            return f"{value} (expand.throttle_query)"
        raise Unobservable(f"its first column is {value!r}, neither a boolean nor a text")
