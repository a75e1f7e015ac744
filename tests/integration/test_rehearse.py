"""`bgmigrate rehearse`: what each statement of what is pending does, seen on a copy, the live database only read."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from tests.integration.shop import BLUE, GREEN, SEED
from tests.integration.test_several_plans import BASE, FULL_NAME, LABEL, NAME, TITLE, side_by_side
from tests.lifecycle import pages
from tests.lifecycle.case import PRELUDE, Case
from tests.project import Project, Result
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)

KEYS = {
    "revision", "op", "sql", "phase", "locks", "blocks_reads", "blocks_writes", "scanned_rows", "rewrites", "indexes_built", "validated", "seconds",
    "estimate_seconds", "codes",
}


@pytest.fixture
def shop(project: Project) -> Project:
    """Blue is live and has rows."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=3000))
    return project


def by_hand(project: Project, up: str, down: str = "pass", *, name: str = "hand", branch: str = "expand", depends_on: str = "") -> None:
    """Write a revision by hand; `up` and `down` are statements of Python."""
    needs = ["--depends-on", depends_on] if depends_on else []
    done = project.alembic("revision", "-m", name, "--rev-id", name, "--head", f"{branch}@head", *needs)
    assert done.code == 0, done
    (path,) = (project.directory / "migrations").rglob(f"{name}_*.py")
    indented = ("    " + text.strip().replace("\n", "\n    ") for text in (up, down))
    head, first, second = path.read_text(encoding="utf-8").split("    pass")
    path.write_text("".join([head, next(indented), first, next(indented), second]), encoding="utf-8")


def rehearsed(project: Project, *arguments: str, green: str = "green", code: int) -> Result:
    return project.must("rehearse", "--no-verify", "--green", project.spec(green), *arguments, code=code)


def step(result: Result, text: str, phase: str = "expand") -> dict[str, Any]:
    """The first step with this text."""
    return next(s for s in result.json["steps"] if text in s["sql"] and s["phase"] == phase)


def test_a_planned_release_is_rehearsed_from_expand_to_contract_and_the_live_database_is_as_it_was(shop: Project) -> None:
    shop.must("plan", "-m", "full name", "--target", shop.spec("green"))
    before = shop.sql("SELECT count(*) FROM bgmigrate.revision"), shop.sql("SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass")
    databases = shop.sql("SELECT count(*) FROM pg_database")
    result = shop.must("rehearse", "--green", shop.spec("green"))
    found = result.json
    assert (found["outcome"], found["findings"]) == ("passed", [])
    assert all(s.keys() >= KEYS for s in found["steps"])
    assert [s["stage"] for s in found["stages"] if s["outcome"] == "passed"] == [
        "expand", "verify", "rollback", "expand beside traffic", "contract", "final schema", "rollback from every step", "orders",
    ]
    assert {s["phase"] for s in found["steps"]} == {"expand", "rollback", "contract"}
    backfill = next(s for s in found["steps"] if s["op"] == "backfill")
    assert (backfill["locks"], backfill["scanned_rows"]) == ([{"relation": "users", "mode": "ROW EXCLUSIVE"}], 3000)
    added = step(result, "ADD COLUMN")
    assert added["locks"][0] == {"relation": "users", "mode": "ACCESS EXCLUSIVE"}
    assert (added["blocks_reads"], added["blocks_writes"], added["lock_timeout"]) == (True, True, "500ms")
    assert found["rollbacks"]["tried"] == found["rollbacks"]["of"] > 1
    assert set(found["stalls"]["users"]) == {"read", "write"}
    after = shop.sql("SELECT count(*) FROM bgmigrate.revision"), shop.sql("SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass")
    assert after == before
    assert shop.sql("SELECT count(*) FROM pg_database") == databases
    text = shop.call("rehearse", "--no-verify", "--green", shop.spec("green"), json=False).out
    assert "ACCESS EXCLUSIVE users" in " ".join(text.split())
    assert "longest wait beside it, users: read" in text
    assert "rehearsal passed" in text


def test_what_was_written_by_hand_is_found_with_its_locks_its_line_and_its_code(shop: Project) -> None:
    by_hand(shop, '''
op.execute("ALTER TABLE users ALTER name TYPE varchar(30)")
op.execute("ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '')")
''', '''
op.execute("ALTER TABLE users DROP CONSTRAINT named")
op.execute("ALTER TABLE users ALTER name TYPE text")
''')
    result = rehearsed(shop, "--github", green="blue", code=3)
    assert result.json["outcome"] == "failed"
    rewriting, checking = step(result, "varchar(30)"), step(result, "CHECK")
    assert rewriting["rewrites"] == ["users"]
    assert rewriting["indexes_built"] == ["users_pkey"]
    assert rewriting["codes"] == ["BGM116", "BGM401"]
    assert {"relation": "users", "mode": "ACCESS EXCLUSIVE"} in rewriting["locks"]
    assert (rewriting["blocks_reads"], rewriting["scanned_rows"]) == (True, 3000)
    assert rewriting["estimate_seconds"] > rewriting["seconds"]
    assert (checking["validated"], checking["codes"], checking["held"]) == (["named"], ["BGM107"], rewriting["locks"])
    errors = {f["code"]: f for f in result.json["findings"] if f["severity"] == "error"}
    assert errors.keys() == {"BGM116", "BGM107", "BGM952"}  # the end is not the models' schema: name is text there
    assert "op.execute" in (shop.directory / errors["BGM116"]["path"]).read_text(encoding="utf-8").splitlines()[errors["BGM116"]["line"] - 1]
    assert f"::error file={errors['BGM116']['path']},line={errors['BGM116']['line']}" in result.err


def test_concurrently_is_followed_from_a_second_connection(shop: Project) -> None:
    by_hand(shop, '''
with op.get_context().autocommit_block():
    op.create_index("ix_name", "users", ["name"], postgresql_concurrently=True)
    op.execute("ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID")
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT named")
''', '''
with op.get_context().autocommit_block():
    op.drop_index("ix_name", "users", postgresql_concurrently=True)
op.execute("ALTER TABLE users DROP CONSTRAINT named")
''')
    result = rehearsed(shop, green="blue", code=3)  # the models have neither
    for text, phase in (("CREATE INDEX CONCURRENTLY", "expand"), ("VALIDATE", "expand"), ("DROP INDEX CONCURRENTLY", "rollback")):
        found = step(result, text, phase)
        assert found["locks"] == [{"relation": "users", "mode": "SHARE UPDATE EXCLUSIVE"}], found
        assert not found["blocks_writes"]
        assert found["codes"] == []
    assert step(result, "CREATE INDEX")["indexes_built"] == ["ix_name"]
    assert step(result, "VALIDATE")["validated"] == ["named"]
    assert step(result, "CREATE INDEX")["op"] == "create_index"


def test_one_that_fails_half_way_leaves_the_steps_until_then(shop: Project) -> None:
    by_hand(shop, '''
op.execute("ALTER TABLE users ADD COLUMN a integer")
op.execute("CREATE INDEX CONCURRENTLY ix ON users (a)")
''')
    result = rehearsed(shop, code=3)
    assert result.json["outcome"] == "failed"
    assert [s["sql"].split(" ON")[0] for s in result.json["steps"]] == ["ALTER TABLE users ADD COLUMN a integer", "CREATE INDEX CONCURRENTLY ix"]
    assert "cannot run inside a transaction block" in result.json["steps"][-1]["error"]
    assert result.json["steps"][-1]["codes"] == ["BGM104"]
    assert result.codes >= {"BGM104", "BGM950"}
    assert [s["outcome"] for s in result.json["stages"]] == ["failed"]
    assert result.json["next"]


def test_a_rollback_that_leaves_a_trace_is_an_error_and_the_rest_is_rehearsed_all_the_same(shop: Project) -> None:
    by_hand(shop, 'op.execute("SET LOCAL lock_timeout = \'1s\'")\nop.execute("ALTER TABLE users ADD COLUMN a integer")')
    result = rehearsed(shop, green="blue", code=3)
    traces = [f for f in result.json["findings"] if f["code"] == "BGM951"]
    assert [f["revision"] for f in traces] == ["hand"]
    assert "public.users.a" in traces[0]["what"]
    assert step(result, "ADD COLUMN")["codes"] == []
    assert "contract" in {s["stage"] for s in result.json["stages"]}


def test_what_an_application_waits_beside_a_statement_is_measured(shop: Project) -> None:
    by_hand(shop, '''
op.execute("SET LOCAL lock_timeout = '1s'")
op.execute("ALTER TABLE users ALTER name SET DEFAULT ''")
op.execute("DO $$BEGIN PERFORM pg_sleep(0.4); END$$")
''', 'op.execute("ALTER TABLE users ALTER name DROP DEFAULT")')
    result = rehearsed(shop, green="blue", code=3)
    asleep = step(result, "pg_sleep")
    assert asleep["held"] == [{"relation": "users", "mode": "ACCESS EXCLUSIVE"}]
    assert asleep["stalls"]["users"]["read"] > 0.3
    assert asleep["stalls"]["users"]["write"] > 0.3
    assert result.json["stalls"]["users"]["read"] > 0.3


def test_strict_makes_warnings_fail(shop: Project) -> None:
    by_hand(shop, 'op.execute("ALTER TABLE users ADD COLUMN a integer")', 'op.execute("ALTER TABLE users DROP COLUMN a")')
    shop.models(green=BLUE.replace("name: Mapped[str]", "a: Mapped[int | None]\n    name: Mapped[str]"))
    assert rehearsed(shop, code=0).codes == {"BGM401"}
    assert rehearsed(shop, "--strict", code=3).json["outcome"] == "failed"


def test_what_a_comment_answers_for_is_no_hazard_here_either(shop: Project) -> None:
    by_hand(shop, """
op.execute("SET LOCAL lock_timeout = '1s'")
# bgmigrate: ignore BGM107 -- the table has twelve rows
op.execute("ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '')")
""", 'op.execute("SET LOCAL lock_timeout = 500")\nop.execute("ALTER TABLE users DROP CONSTRAINT named")')
    result = rehearsed(shop, green="blue", code=3)
    assert result.codes == {"BGM952"}
    assert step(result, "CHECK")["codes"] == []
    sarif = shop.call("rehearse", "--no-verify", "--green", shop.spec("blue"), "--format", "sarif", json=False).out
    assert [r["ruleId"] for r in json.loads(sarif)["runs"][0]["results"]] == ["BGM952"]


def test_contracts_that_are_pending_are_tried_in_both_orders(shop: Project) -> None:
    shop.must("plan", "-m", "full name", "--target", shop.spec("green"))
    shop.models(green=GREEN + "    note: Mapped[str] = mapped_column(Text, default='')\n")
    shop.must("plan", "-m", "note", "--from", shop.spec("blue"), "--target", shop.spec("green"))
    result = rehearsed(shop, code=0)
    assert len({s["revision"] for s in result.json["steps"] if s["phase"] == "contract"}) == 2
    assert result.json["orders"] == ["each contract before the next expand"]
    assert result.json["findings"] == []


def test_a_contract_whose_expand_is_applied_is_rehearsed_with_what_the_journal_knows(shop: Project) -> None:
    shop.must("plan", "-m", "full name", "--target", shop.spec("green"))
    shop.must("expand")
    result = rehearsed(shop, code=0)
    assert {s["phase"] for s in result.json["steps"]} == {"contract"}
    assert result.json["findings"] == []
    assert shop.sql("SELECT count(*) FROM bgmigrate.synchronization") == [(1,)]


def test_nothing_is_pending(shop: Project) -> None:
    result = shop.must("rehearse")
    assert (result.json["outcome"], result.json["steps"]) == ("passed", [])


def test_a_restored_copy_shows_what_only_rows_show_and_is_never_the_live_database(shop: Project, server: Server) -> None:
    by_hand(shop, 'op.execute("SET LOCAL lock_timeout = \'1s\'")\nop.execute("ALTER TABLE users ADD CONSTRAINT few CHECK (id < 100)")')
    refused = rehearsed(shop, "--copy", shop.url, code=2)
    assert "live database itself" in refused.json["what"]
    with server.database("restored") as url:
        copy = Project(directory=shop.directory, url=url, scratch_url=shop.scratch_url)
        copy.sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        copy.sql("CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)")
        copy.sql(SEED.format(rows=200))
        for (row,) in shop.sql("SELECT version_num FROM alembic_version"):
            copy.sql("INSERT INTO alembic_version VALUES (%s)", row)
        result = rehearsed(shop, "--copy", url, code=3)
        assert result.json["steps"][-1]["error"].startswith("check constraint")
        assert result.codes >= {"BGM950"}


def test_a_sample_of_rows_obeys_foreign_keys_and_shows_what_only_rows_show(project: Project) -> None:
    models = BLUE + """
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    twice: Mapped[int] = mapped_column(Computed("user_id * 2", persisted=True))
"""
    project.models(blue=models)
    project.start_blue(SEED.format(rows=50) + "; INSERT INTO orders (user_id) SELECT 51 - i FROM generate_series(1, 50) i")
    by_hand(project, """
op.execute("SET LOCAL lock_timeout = '1s'")
op.execute("DO $$BEGIN IF (SELECT count(*) FROM users) <> 20 OR (SELECT count(*) FROM orders) > 19 THEN RAISE 'rows'; END IF; END$$")
op.execute("ALTER TABLE orders ALTER user_id SET DEFAULT 1")
op.execute("ALTER TABLE users ADD CONSTRAINT few CHECK (id < 3)")
""")
    result = rehearsed(project, "--rows", "20", green="blue", code=3)
    failed = result.json["steps"][-1]
    assert failed["error"].startswith('check constraint "few"')
    assert failed["codes"] == []
    assert rehearsed(project, green="blue", code=3).json["steps"][0]["error"] == "rows"  # none without it


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["add_check", "add_foreign_key", "add_unique", "add_exclusion", "set_not_null", "retype_column", "move_columns"])
def test_the_catalogues_own_recipes_are_no_hazard_and_leave_no_trace(project: Project, kind: str) -> None:
    case: Case = importlib.import_module(f"tests.lifecycle.cases.{kind}").CASE
    project.models(blue=PRELUDE + case.blue, green=PRELUDE + case.green)
    pages.begin(project, case)
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    result = rehearsed(project, code=0)
    assert result.json["findings"] == []
    assert [s["codes"] for s in result.json["steps"] if s["codes"]] == []


@pytest.mark.exhaustive(turns=3)
@pytest.mark.parametrize("merged", [False, True])
def test_plans_made_side_by_side_are_rehearsed_the_other_way_round_too(project: Project, merged: bool) -> None:
    side_by_side(project, BASE.format(user=FULL_NAME, team=TITLE), BASE.format(user=NAME, team=LABEL))
    if merged:
        project.must("plan", "--merge", "-m", "merge")
    project.models(green=BASE.format(user=FULL_NAME, team=LABEL))
    result = rehearsed(project, code=0)
    assert result.json["findings"] == []
    orders = {"each contract before the next expand"} | (set() if merged else {"the contracts' branches the other way round"})
    assert set(result.json["orders"]) == orders


def test_an_end_that_depends_on_the_order_is_an_error(shop: Project) -> None:
    down = 'op.execute("DROP FUNCTION IF EXISTS {0}()")'
    for name, body in (("one", "SELECT 1"), ("two", "SELECT 2")):
        sql = f"CREATE OR REPLACE FUNCTION which() RETURNS integer LANGUAGE sql AS '{body}'"
        by_hand(shop, "pass", name=f"e_{name}")
        by_hand(shop, f'op.execute("{sql}")', down.format("which"), name=f"c_{name}", branch="contract", depends_on=f"e_{name}")
    # the second expand takes back what the first contract makes, where it is there already
    path = next((shop.directory / "migrations").rglob("e_two_*.py"))
    path.write_text(path.read_text(encoding="utf-8").replace(
        "    pass", '    op.execute("DO $$BEGIN IF to_regproc(\'which\') IS NOT NULL THEN CREATE TABLE early (); END IF; END$$")', 1), encoding="utf-8")
    result = rehearsed(shop, green="blue", code=3)
    (found,) = (f for f in result.json["findings"] if f["severity"] == "error")
    assert found["code"] == "BGM953"
    assert "public.early" in found["what"]


def test_the_copy_has_the_planner_s_statistics(shop: Project) -> None:
    if shop.sql("SHOW server_version_num")[0][0] < "180000":
        pytest.skip("a server can be told statistics from version 18 on")
    shop.sql("ANALYZE users")
    known = "SELECT FROM pg_stats WHERE tablename = 'users' AND attname = 'name' AND histogram_bounds IS NOT NULL"
    by_hand(shop, f"op.execute(\"DO $$BEGIN IF NOT EXISTS ({known}) THEN RAISE 'nothing is known'; END IF; END$$\")")
    assert rehearsed(shop, green="blue", code=0).json["outcome"] == "passed"
