"""Where things stand: with whatever there is, changing nothing, importing nothing of the application."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bgmigrate.database import connect
from bgmigrate.journal import backfills, ranges, revisions
from tests.integration.shop import BLUE, GREEN
from tests.integration.test_switch import add_revision, prove
from tests.project import Project

KEYS = {"live", "environments", "heads", "pending", "backfills", "evidence"}


@pytest.fixture
def shop(project: Project) -> Project:
    """Blue is live, green has a candidate."""
    project.models(blue=BLUE, green=GREEN)
    project.must("init")
    project.must("register", "--version", "1.0", "--source", project.spec("blue"))
    project.must("register", "--env", "green", "--version", "2.0", "--source", project.spec("green"))
    return project


def test_an_empty_database_and_no_history_is_no_error_and_gets_no_journal(project: Project) -> None:
    result = project.must("status")
    assert result.json.keys() >= KEYS
    assert result.codes == {"BGM918"}
    assert project.sql("SELECT to_regnamespace('bgmigrate')") == [(None,)]


def test_it_tells_who_is_live_and_which_versions_there_are(shop: Project) -> None:
    found = shop.must("status").json
    assert found["live"]["environment"] == "blue"
    assert found["environments"]["blue"]["deployed"]["version"] == "1.0"
    assert found["environments"]["green"]["candidate"]["version"] == "2.0"
    assert found["environments"]["blue"]["sessions"] == 0
    assert found["evidence"] is None
    assert found["next"] == "bgmigrate verify"


def test_it_tells_what_is_pending_and_how_far_a_backfill_is(shop: Project) -> None:
    add_revision(shop, "expand", "e1")
    add_revision(shop, "contract", "c1", depends_on="e1")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
        work = backfills.open(c, revision="e1", table="users", name="full_name")
        backfills.set_upper(c, work.id, ["9"])
        ranges.advance(c, ranges.claim(c, work.id, "me", None, [["9"]], 2), step=1, rows=7, seconds=0.1, done=False)
    found = shop.must("status").json
    assert [(p["revision"], p["phase"], p["begun"]) for p in found["pending"]] == [("e1", "expand", True), ("c1", "contract", False)]
    assert [(b["table"], b["rows"], b["state"]) for b in found["backfills"]] == [("users", 7, "running")]
    assert found["heads"]["files"] == ["c1"]  # c1 includes e1, on which it depends
    assert found["next"] == "bgmigrate expand"
    text = shop.call("status", json=False).out
    assert "pending    expand e1 e1 (begun)" in text
    assert "backfill   users (full_name): running, 7 rows" in text


def test_it_tells_whether_the_evidence_is_fresh(shop: Project) -> None:
    prove(shop)
    found = shop.must("status").json
    assert (found["evidence"]["outcome"], found["evidence"]["fresh"], found["next"]) == ("passed", True, "bgmigrate switch --to green")
    shop.sql("CREATE TABLE later (x int)")
    assert shop.must("status").json["evidence"]["fresh"] is False


def test_without_its_database_it_says_what_the_files_say(shop: Project) -> None:
    shop.environ["BGMIGRATE_DATABASE_URL"] = ""
    result = shop.call("status")
    assert result.code == 2
    assert result.json.keys() >= KEYS
    assert len(result.json["heads"]["files"]) == 2


def test_neither_the_project_s_models_nor_the_orm_are_imported(shop: Project) -> None:
    (shop.directory / "models.py").write_text("raise RuntimeError('imported')\n")
    code = (
        "import sys\nsys.argv[1:] = ['status', '--json']\nfrom bgmigrate.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m == 'models' or m.startswith('sqlalchemy.orm')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop.directory, env=shop.environment(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["live"]["environment"] == "blue"
    assert done.stderr.splitlines()[-1] == "[]"
