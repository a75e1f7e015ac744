"""A step that locks two tables waits for the first of them only: else a transaction of the application could be a deadlock's victim."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from bgmigrate import journal
from bgmigrate.database import connect
from bgmigrate.ops import AddConstraint, BuildTable, DropTables, RemoveConstraint
from bgmigrate.ops.base import Step
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings, Settings

KEY = AddConstraint("orders", "orders_customer_fkey", "FOREIGN KEY (customer) REFERENCES customers(id)")


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations that wait for a lock longer than PostgreSQL waits before it looks for deadlocks (deadlock_timeout, 1 s)."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        runtime = Runtime(c, database, Settings(directory=Path(), expand=ExpandSettings(lock_timeout=1.9)), Progress(-1), {})
        runtime.revision = "r"
        for table, columns in {"customers": {"id": "integer PRIMARY KEY"}, "orders": {"id": "integer PRIMARY KEY", "customer": "integer"}}.items():
            BuildTable(table, columns).run(runtime)
        c.execute("INSERT INTO customers VALUES (1)")
        c.execute("SET deadlock_timeout = '1s'")
        yield runtime


def held(database: str, table: str, seconds: float, ready: threading.Event) -> None:
    """Another transaction that has written the table, for so long."""
    with psycopg.connect(database) as c:
        c.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE".encode())
        ready.set()
        time.sleep(seconds)


def writes(database: str, tables: Sequence[str], wait: Callable[[], object], errors: list[psycopg.Error]) -> None:
    """The application's transaction, which writes the two tables in the other order than the step locks them."""
    with psycopg.connect(database) as c:
        c.execute("SET LOCAL deadlock_timeout = '1s'")  # PostgreSQL's default
        c.execute(f"INSERT INTO {tables[0]} VALUES (2)".encode())
        wait()
        try:
            c.execute(f"INSERT INTO {tables[1]} VALUES (2)".encode())
        except psycopg.Error as error:
            errors.append(error)


@pytest.mark.every_server
@pytest.mark.parametrize(
    ("step", "first"), [(KEY, "customers"), (RemoveConstraint("orders", KEY.name), "orders"), (DropTables(["orders"]), "orders")],
    ids=["add", "remove", "drop"],
)
def test_a_transaction_of_the_application_is_no_victim(on: Runtime, database: str, step: Step, first: str) -> None:
    if step is not KEY:
        KEY.run(on)
    ready, errors = threading.Event(), list[psycopg.Error]()

    def queued() -> bool:
        with psycopg.connect(database, autocommit=True) as c:
            for _ in range(500):
                if c.execute("SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [first]).fetchone():
                    return True
                time.sleep(0.01)
        raise AssertionError("the step waits for nothing")

    second = "orders" if first == "customers" else "customers"
    other = threading.Thread(target=held, args=(database, first, 1.0, ready))
    writer = threading.Thread(target=writes, args=(database, (second, first), queued, errors))
    other.start()
    ready.wait(5)
    writer.start()
    time.sleep(0.1)  # the writer has its first lock before the step waits for its own
    step.run(on)
    other.join(20)
    writer.join(20)
    if isinstance(step, DropTables):
        assert [type(e) for e in errors] in ([], [psycopg.errors.UndefinedTable])  # who came before the drop, and who came after it
    else:
        assert errors == []
