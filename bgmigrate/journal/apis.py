"""Which versions of its API a registered version of a service provides, and which of others' it requires: names such as `orders/2`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bgmigrate.database import Connection


@dataclass(frozen=True, kw_only=True)
class Apis:
    """What one version has declared."""

    provides: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()


def declare(connection: Connection, version: int, *, provides: Collection[str], requires: Collection[str]) -> None:
    """Record what a version (by its id) provides and requires, in place of what was recorded of it. To be called inside a transaction."""
    connection.execute("DELETE FROM bgmigrate.api WHERE version_id = %s", (version,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO bgmigrate.api (version_id, kind, name) VALUES (%s, %s, %s)",
            [(version, kind, name) for kind, names in (("provides", provides), ("requires", requires)) for name in sorted(set(names))],
        )


def of(connection: Connection, version: int) -> Apis:
    """What a version (by its id) has declared; nothing in a journal of an older release."""
    row = connection.execute("SELECT to_regclass('bgmigrate.api') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return Apis()
    found = connection.execute("SELECT kind, name FROM bgmigrate.api WHERE version_id = %s", (version,)).fetchall()
    return Apis(provides=frozenset(n for k, n in found if k == "provides"), requires=frozenset(n for k, n in found if k == "requires"))
