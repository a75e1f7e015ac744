"""Switching: only with fresh evidence for the candidate, back again at once, and never to a version that cannot run any more."""

from __future__ import annotations

import json

import psycopg
import pytest

from bgmigrate import evidence
from bgmigrate.database import connect
from bgmigrate.errors import Conflict
from bgmigrate.history.project import Project as History
from bgmigrate.journal import backfills, revisions, synchronizations
from bgmigrate.journal import evidence as rows
from bgmigrate.locking import run_lock
from bgmigrate.routing import store
from bgmigrate.settings import Settings, load
from tests.integration.shop import BLUE, GREEN
from tests.project import Project


@pytest.fixture
def shop(project: Project) -> Project:
    """Blue is live, green has a candidate; nothing is proved."""
    project.models(blue=BLUE, green=GREEN)
    project.sql("CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)")
    project.must("init")
    project.must("register", "--version", "1.0", "--source", project.spec("blue"))
    project.must("register", "--env", "green", "--version", "2.0", "--source", project.spec("green"))
    return project


def settings(shop: Project) -> Settings:
    """As a command in the project's directory would read them."""
    return load(directory=shop.directory, environ=shop.environment())


def prove(shop: Project, outcome: str = "passed") -> None:
    """Record evidence about things as they are now."""
    of = settings(shop)
    with connect(shop.url, purpose="test") as c:
        found = evidence.current(c, History.open(of), of)
        rows.record(c, service="shop", kind="verify", fingerprint=found, outcome=outcome, document={})


def add_revision(shop: Project, branch: str, revision: str, depends_on: str | None = None) -> None:
    """A revision file that does nothing."""
    History.open(settings(shop)).write_revision(
        branch="expand" if branch == "expand" else "contract", message=revision, revision=revision, body_upgrade="pass", body_downgrade="pass",
        depends_on=depends_on, imports=(),
    )


def stamp(shop: Project, *applied: str) -> None:
    """Let the database be at these revisions."""
    shop.sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num text); DELETE FROM alembic_version")
    for revision in applied:
        shop.sql("INSERT INTO alembic_version VALUES (%s)", revision)


def live(shop: Project) -> str:
    """Who is live."""
    return str(shop.sql("SELECT environment FROM bgmigrate.live")[0][0])


def test_without_evidence_it_is_4_and_with_it_the_candidate_is_live(shop: Project) -> None:
    assert "BGM908" in shop.must("switch", "--to", "green", code=4).codes
    assert live(shop) == "blue"
    prove(shop)
    result = shop.must("switch", "--to", "green", "--reason", "release 2").json
    assert (result["outcome"], result["live"], result["generation"], result["direction"]) == ("done", "green", 2, "forward")
    assert result["fingerprint"].startswith("sha256:")
    history = shop.sql("SELECT from_environment, to_environment, kind, reason, changed_by LIKE '%@%' FROM bgmigrate.switch_history WHERE generation = 2")
    assert history == [("blue", "green", "forward", "release 2", True)]
    assert shop.sql("SELECT version FROM bgmigrate.version WHERE environment = 'green' AND state = 'deployed'") == [("2.0",)]


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE users ADD COLUMN age int", "CREATE INDEX ON users (name)", "COMMENT ON TABLE users IS 'x'"],
)
def test_evidence_about_another_schema_is_stale(shop: Project, change: str) -> None:
    prove(shop)
    shop.sql(change)
    result = shop.call("switch")
    if change.startswith("COMMENT"):  # no version can notice a comment
        assert result.code == 0, result
    else:
        assert result.code == 4, result
        assert "BGM909" in result.codes


def test_evidence_about_another_version_is_stale(shop: Project) -> None:
    prove(shop)
    shop.models(green=GREEN + "    age: Mapped[int | None]\n")
    shop.must("register", "--env", "green", "--version", "2.1", "--source", shop.spec("green"))
    assert "BGM909" in shop.must("switch", code=4).codes


def test_evidence_expires_when_it_is_told_to(shop: Project) -> None:
    prove(shop)
    shop.environ["BGMIGRATE_VERIFY__EXPIRES"] = "1ms"
    assert "BGM909" in shop.must("switch", code=4).codes


def test_failed_evidence_is_a_definite_no(shop: Project) -> None:
    prove(shop, "failed")
    assert "BGM910" in shop.must("switch", code=3).codes


def test_every_reason_is_listed_and_the_most_final_one_decides(shop: Project) -> None:
    add_revision(shop, "expand", "e1")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
        backfills.open(c, revision="e1", table="users", name="full_name")
    assert shop.must("switch", code=3).codes == {"BGM905", "BGM906", "BGM908"}


def test_the_live_environment_is_live_already(shop: Project) -> None:
    assert shop.must("switch", "--to", "blue").json["outcome"] == "nothing_to_do"


def test_a_dry_run_asks_the_gate_and_changes_nothing(shop: Project) -> None:
    shop.must("switch", "--dry-run", code=4)
    prove(shop)
    assert shop.must("switch", "--dry-run").json["dry_run"] is True
    assert live(shop) == "blue"


def test_resume_with_nothing_unfinished_never_flips(shop: Project) -> None:
    prove(shop)
    assert shop.must("switch", "--resume").json["outcome"] == "nothing_to_do"
    assert shop.must("switch", "--resume", "--to", "green").json["outcome"] == "done"
    assert shop.must("switch", "--resume", "--to", "green").json["outcome"] == "nothing_to_do"
    assert live(shop) == "green"


def test_back_at_once_without_new_evidence_and_forward_again_with_the_old(shop: Project) -> None:
    prove(shop)
    shop.must("switch")
    shop.sql("DELETE FROM bgmigrate.evidence")
    assert shop.must("switch", "--reason", "incident").json["direction"] == "back"
    assert live(shop) == "blue"
    assert "BGM908" in shop.must("switch", code=4).codes
    prove(shop)
    assert shop.must("switch").json["direction"] == "forward"
    assert [r[0] for r in shop.sql("SELECT kind FROM bgmigrate.switch_history ORDER BY generation")] == ["first", "forward", "back", "forward"]


def test_no_way_back_after_contract(shop: Project) -> None:
    add_revision(shop, "expand", "e1")
    add_revision(shop, "contract", "c1", depends_on="e1")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
        stamp(shop, "e1")
        prove(shop)
        shop.must("switch")
        revisions.begin(c, "c1", "contract")
    result = shop.must("switch", "--to", "blue", code=3)
    assert result.codes == {"BGM917"}
    assert "c1" in result.json["what"]
    assert live(shop) == "green"


def test_an_earlier_release_s_contract_does_not_bar_the_way_back_to_a_version_that_outlived_it(shop: Project) -> None:
    for number in ("1", "2"):
        add_revision(shop, "expand", f"e{number}")
        add_revision(shop, "contract", f"c{number}", depends_on=f"e{number}")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
        stamp(shop, "e1")
        prove(shop)
        shop.must("switch", "--to", "green")
        revisions.begin(c, "e2", "expand")
        stamp(shop, "e2")
        shop.must("register", "--env", "blue", "--version", "3.0", "--source", shop.spec("green"))
        prove(shop)
        assert shop.must("switch", "--to", "blue").json["direction"] == "forward"
        revisions.begin(c, "c1", "contract")  # ends version 1.0, not 2.0
        stamp(shop, "e2", "c1")
        assert shop.must("switch", "--to", "green", "--dry-run").json["direction"] == "back"
        revisions.begin(c, "c2", "contract")  # ends version 2.0
        assert "c2" in shop.must("switch", "--to", "green", code=3).json["what"]


def test_there_and_back_and_there_again_does_not_hide_a_contract(shop: Project) -> None:
    add_revision(shop, "expand", "e1")
    add_revision(shop, "contract", "c1", depends_on="e1")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
        stamp(shop, "e1")
        prove(shop)
        for to in ("green", "blue", "green"):
            shop.must("switch", "--to", to)
        revisions.begin(c, "c1", "contract")
    assert "BGM917" in shop.must("switch", "--to", "blue", code=3).codes


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        ("ALTER TABLE users DISABLE TRIGGER zz_sync", "disabled"),
        ("ALTER TABLE users ENABLE REPLICA TRIGGER zz_sync", "disabled"),
        ("DROP TRIGGER zz_sync ON users", "missing"),
    ],
)
def test_no_way_back_while_the_versions_diverge(shop: Project, damage: str, word: str) -> None:
    shop.sql(
        "CREATE FUNCTION bgmigrate.zz_sync() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        "CREATE TRIGGER zz_sync BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION bgmigrate.zz_sync()"
    )
    with connect(shop.url, purpose="test") as c:
        synchronizations.record(c, revision="e1", table="users", trigger="zz_sync", function="zz_sync", spec={})
    prove(shop)
    shop.must("switch")
    shop.must("switch", "--dry-run")
    shop.sql(damage)
    result = shop.must("switch", code=3)
    assert result.codes == {"BGM808"}
    assert word in result.json["what"]


def test_a_development_database_has_open_gates(shop: Project) -> None:
    shop.must("register", "--development")
    assert shop.must("switch").json["live"] == "green"


def test_nothing_is_live_before_the_first_register(project: Project) -> None:
    assert "bgmigrate register" in project.must("switch", code=2).json["next"]


def test_a_run_at_work_is_not_disturbed(shop: Project) -> None:
    prove(shop)
    with run_lock(shop.url, "shop", command="expand"):
        assert "BGM915" in shop.must("switch", code=5).codes
    shop.must("switch")


def test_whoever_listens_hears_of_the_switch_with_its_commit(shop: Project) -> None:
    prove(shop)
    with psycopg.connect(shop.url, autocommit=True) as c:
        c.execute("LISTEN bgmigrate_live")
        shop.must("switch")
        (heard,) = c.notifies(timeout=10, stop_after=1)
    assert json.loads(heard.payload) == {"service": "shop", "environment": "green", "generation": 2}


def test_who_is_live_changes_by_compare_and_set_only(shop: Project) -> None:
    with connect(shop.url, purpose="a") as a, connect(shop.url, purpose="b") as b:
        seen = store.live(a, "shop")
        assert seen is not None
        now = store.compare_and_set(b, "shop", expected=seen, to="green", by="b", reason="", kind="forward")
        assert (now.environment, now.generation, now.idle) == ("green", 2, "blue")
        with pytest.raises(Conflict, match=r"green since .* by b") as caught:
            store.compare_and_set(a, "shop", expected=seen, to="green", by="a", reason="", kind="forward")
        with pytest.raises(Conflict):
            store.compare_and_set(a, "shop", expected=None, to="blue", by="a", reason="", kind="first")
        assert caught.value.exit_code == 5
        assert next(s.by for s in store.history(a, "shop")) == "b"
        assert len(store.history(a, "shop")) == 2


def test_evidence_is_carried_over_a_step_that_it_vouched_for_and_over_no_other(shop: Project) -> None:
    prove(shop)
    of = settings(shop)
    history = History.open(of)
    with connect(shop.url, purpose="test") as c:
        before = evidence.current(c, history, of)
        shop.sql("ALTER TABLE users ADD COLUMN age int")
        assert evidence.carry(c, history, of, before=before, because="contract c1")
        found = rows.latest(c, "shop")
        assert found is not None
        assert found.fingerprint == evidence.current(c, history, of) != before
        assert found.document["carried"]["because"] == "contract c1"
        shop.sql("ALTER TABLE users ADD COLUMN size int")  # somebody else's step
        stale = evidence.current(c, history, of)
        shop.sql("ALTER TABLE users DROP COLUMN age")
        assert not evidence.carry(c, history, of, before=stale, because="contract c2")
