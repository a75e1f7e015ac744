"""Applications that do odd things when they are imported, or map odd things: the verdict is right all the same, and says what was met."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.errors import BgmigrateError
from tests.integration.verifying import PLAIN, SHOP, Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    """A database, and where trees go."""
    return Bench(directory=tmp_path, url=database, scratch=server.url)


ODD = {
    "connects to a database": "import os, psycopg; psycopg.connect(os.environ['ODD_URL']).execute('SELECT 1')",
    "keeps its connection open": "import os, psycopg; KEPT = psycopg.connect(os.environ['ODD_URL']); KEPT.execute('SELECT * FROM pg_class')",
    "prints megabytes": "import sys\nfor _ in range(2000):\n    print('x' * 1000); print('y' * 1000, file=sys.stderr)",
    "prints from below Python": "import os; os.write(1, b'{\"not\": \"ours\"}\\n'); os.write(2, b'oops\\n')",
    "starts a thread that never ends": "import threading, time; threading.Thread(target=time.sleep, args=[3600]).start()",
    "forks a child that never ends": "import os, time\nif os.fork() == 0:\n    time.sleep(30); os._exit(0)",
    "ignores signals": "import signal; [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)]",
    "has handlers of its own at exit": "import atexit; atexit.register(lambda: print('bye'))",
    "changes the directory": "import os; os.chdir('/')",
    "closes its standard input": "import sys; sys.stdin.close()",
    "replaces its standard output": "import sys, io; sys.stdout = io.StringIO(); sys.stderr = None",
    "configures logging to the standard output": "import logging, sys; logging.basicConfig(stream=sys.stdout, level=0); logging.debug('hello')",
    "patches json": "import json; json.dumps = json.loads = None",
    "lowers the recursion limit": "import sys; sys.setrecursionlimit(200)",
    "makes warnings errors": "import warnings; warnings.simplefilter('error')",
    "takes its time": "import time; time.sleep(3)",
    "sets the locale and the time zone": "import os, time, locale; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset(); locale.setlocale(locale.LC_ALL, 'C')",
    "imports itself": "import models",
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("what", ODD)
def test_what_an_import_does_beside_is_contained(bench: Bench, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_URL", bench.url)
    bench.build(SHOP)
    report = bench.verify(blue=ODD[what] + "\n" + SHOP)
    assert (report.exit_code, [f.what for f in report.findings]) == (0, [])


def test_a_break_is_found_behind_the_noise(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_URL", bench.url)
    bench.build(SHOP, "ALTER TABLE users DROP COLUMN name")
    report = bench.verify(blue="\n".join(ODD[w] for w in ("prints megabytes", "patches json", "ignores signals")) + "\n" + SHOP)
    assert report.exit_code == 3
    assert {(f.table, f.column) for f in errors(report)} == {("users", "name")}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import psycopg; psycopg.connect('postgresql://127.0.0.1:1/shop', connect_timeout=1)", "OperationalError"),
        ("import os; os.environ['SHOP_LICENCE']", "KeyError: 'SHOP_LICENCE'"),
        ("import sys; sys.exit()", "SystemExit"),
        ("import sys; sys.exit('no configuration')", "no configuration"),
        ("import os; os._exit(0)", "ended with exit code 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("from models import NotYet", "NotYet"),
    ],
)
def test_an_import_that_fails_is_said_with_its_own_words_and_what_to_do(bench: Bench, source: str, said: str) -> None:
    bench.build(SHOP)
    with pytest.raises(BgmigrateError) as failed:
        bench.verify(blue=source + "\n" + SHOP)
    assert (failed.value.exit_code, failed.value.findings[0].code) == (2, "BGM922")
    assert said in failed.value.what
    assert failed.value.why
    assert failed.value.next


MADE = PLAIN + """
for name, columns in {"users": ("name", "mail"), "orders": ("title",)}.items():
    globals()[name.title()] = type(name.title(), (Base,), {
        "__tablename__": name, "id": mapped_column(Integer, primary_key=True), **{c: mapped_column(String(40), nullable=False) for c in columns}})
"""


def test_classes_made_in_a_loop_are_tried_like_others(bench: Bench) -> None:
    bench.build(MADE)
    assert bench.verify(blue=MADE).exit_code == 0
    bench.build(PLAIN)
    with_less = bench.verify(blue=MADE.replace('"mail")', '"mail", "phone")'))
    assert {(f.table, f.column) for f in errors(with_less)} == {("users", "phone")}


def test_tables_that_only_the_database_has_are_nobodys(bench: Bench) -> None:
    bench.build(SHOP, "CREATE TABLE legacy (id int PRIMARY KEY, data text NOT NULL)", "CREATE TABLE audit (at timestamptz, what text)")
    report = bench.verify(blue=SHOP)
    assert (report.exit_code, [f.what for f in report.findings if f.severity != "info"]) == (0, [])


VIEW = SHOP + """
class Spending(Base):
    __tablename__ = "spending"
    user_id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
"""
QUERY = "SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id"


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_class_over_a_view_is_read_and_that_nobody_can_write_it_is_no_break(bench: Bench, kind: str) -> None:
    bench.build(SHOP, f"CREATE {kind} spending AS {QUERY}")
    report = bench.verify(blue=VIEW, green=VIEW)
    assert (report.exit_code, [f.what for f in errors(report)]) == (0, [])


def test_a_column_that_a_view_lost_breaks_who_reads_it(bench: Bench) -> None:
    bench.build(SHOP, "CREATE VIEW spending AS SELECT DISTINCT user_id FROM orders")
    report = bench.verify(blue=VIEW)
    assert report.exit_code == 3
    assert ("spending", "total") in {(f.table, f.column) for f in errors(report)}
