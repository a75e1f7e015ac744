"""Rows for which a transform is due: a trigger marks them in the transaction that writes them. Only ever added by writers, removed by catch-up."""

from __future__ import annotations

from collections.abc import Sequence

from bgmigrate.database import Connection
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill

Mark = tuple[int, list[str]]  # its number, and the row's key


def add(connection: Connection, backfill: int, keys: Sequence[Sequence[str]]) -> None:
    """Mark rows."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO bgmigrate.due (backfill_id, key) VALUES (%s, %s)", [(backfill, list(k)) for k in keys])


def last(connection: Connection, backfill: int) -> int:
    """The newest mark's number; 0 when there is none."""
    row = connection.execute("SELECT coalesce(max(id), 0) FROM bgmigrate.due WHERE backfill_id = %s", (backfill,)).fetchone()
    assert row is not None
    return int(row[0])


def between(connection: Connection, backfill: int, after: int, upto: int, size: int) -> list[Mark]:
    """The next marks with numbers in (after, upto]. One that is not committed yet is not among them, whatever its number; it stays for later."""
    return connection.execute(
        "SELECT id, key FROM bgmigrate.due WHERE backfill_id = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s", (backfill, after, upto, size)
    ).fetchall()


def remove(connection: Connection, backfill: int, ids: Sequence[int]) -> None:
    """Take these marks away, and no newer ones of the same rows."""
    connection.execute("DELETE FROM bgmigrate.due WHERE backfill_id = %s AND id = ANY (%s)", (backfill, list(ids)))


def count(connection: Connection, backfill: int) -> int:
    """How many rows are marked; none in a journal that is older than marks, for who only asks does not bring it up to date."""
    there = connection.execute("SELECT to_regclass('bgmigrate.due') IS NOT NULL").fetchone()
    if not (there and there[0]):
        return 0
    row = connection.execute("SELECT count(DISTINCT key) FROM bgmigrate.due WHERE backfill_id = %s", (backfill,)).fetchone()
    assert row is not None
    return int(row[0])


def waiting(connection: Connection) -> list[Backfill]:
    """The backfills whose pass is over and for which rows are marked: what a catch-up pass is to visit."""
    rows = connection.execute(
        "SELECT id FROM bgmigrate.backfill b WHERE state <> 'running' AND job IS NOT NULL"
        " AND EXISTS (SELECT FROM bgmigrate.due WHERE backfill_id = b.id) ORDER BY id"
    ).fetchall()
    return [b for (id,) in rows if (b := backfills.get(connection, id)) is not None]
