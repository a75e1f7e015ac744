"""What quarantine refuses, survives and says: dependents, kills, values that the old column cannot take, plain alembic, the next release."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate.history.project import Project as Files
from bgmigrate.settings import load
from bgmigrate.workflow.removals import contracted
from tests.integration.releasing import released
from tests.integration.shop import BASE
from tests.lifecycle import catalog
from tests.project import Project

KILLED = 137
BLUE = BASE + '''
class Person(Base):
    __tablename__ = "persons"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str] = mapped_column(String(12), unique=True)
    age: Mapped[str] = mapped_column(Text, server_default="1")
    city: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text, CheckConstraint("note <> ''", name="note_said"))
'''
GREEN = BASE + '''
class Person(Base):
    __tablename__ = "persons"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str] = mapped_column(String(12), unique=True)
    years: Mapped[int] = mapped_column(info={"bgmigrate": {"renamed_from": "age", "forward": "age::integer"}}, server_default="1")
    city: Mapped[str] = mapped_column(Text)
    __table_args__ = {"info": {"bgmigrate": {"backward": {"age": "years::text || left('', 1 / (years - 12345))"}}}}
'''
NEXT = GREEN.replace("nick:", "alias:").replace("String(12), unique=True)", 'String(12), unique=True, info={"bgmigrate": {"renamed_from": "nick"}})')
SEED = "INSERT INTO persons (nick, age, note, city) SELECT 'n' || i, i::text, 'note ' || i, '市' FROM generate_series(1, 20) i"


@pytest.fixture
def held(project: Project) -> Project:
    """A project whose contract is next."""
    released(project, BLUE, GREEN, SEED)
    return project


def test_what_would_refuse_the_contract_does_so_before_anything_has_another_name(held: Project) -> None:
    before = catalog.read(held.url)
    held.sql("UPDATE persons SET city = NULL WHERE id = 3")
    refused = held.must("contract", "--quarantine", "1h", code=3)
    assert (refused.codes, "1 row of persons" in refused.json["what"]) == ({"BGM502"}, True)
    assert catalog.difference(catalog.read(held.url), before) == []
    assert held.must("status").json["quarantine"] == []


def test_a_value_that_the_old_column_cannot_take_is_no_error_of_green_s_and_undo_counts_it(held: Project) -> None:
    expanded = catalog.read(held.url)
    held.must("contract", "--quarantine", "1h")
    assert held.sql("UPDATE persons SET years = 12345 WHERE id < 3 RETURNING bgm_gone_persons_age") == [(None,), (None,)]
    held.sql("INSERT INTO persons (nick, years, city) VALUES ('new', 7, '')")
    refused = held.must("contract", "--undo", code=3)
    assert refused.codes == {"BGM502"}
    assert "2 rows of persons have no value in persons.age" in refused.json["what"]
    assert ": 1, 2" in refused.json["what"]
    assert held.must("status").json["quarantine"][0]["state"] == "held"  # nothing was changed

    held.sql("UPDATE persons SET years = 99 WHERE id < 3")
    held.must("contract", "--undo")
    assert catalog.difference(catalog.read(held.url), expanded) == []
    assert held.sql("SELECT age, note FROM persons WHERE nick IN ('new', 'n2') ORDER BY nick") == [("99", "note 2"), ("7", None)]


@pytest.mark.exhaustive(turns=4)
def test_killed_anywhere_it_goes_on_and_the_other_command_takes_it_back(held: Project) -> None:
    expanded = catalog.read(held.url)
    for fault in range(1, 30):
        result = held.run("contract", "--quarantine", "1h", environ={"BGMIGRATE_FAULT": str(fault)})
        if result.code == 0:
            break
        assert result.code == KILLED, result
        assert held.must("contract", "--purge", code=3 if held.must("status").json["quarantine"] else 0).json["outcome"] != "done"
    assert fault > 3
    for fault in range(1, 30):
        result = held.run("contract", "--undo", environ={"BGMIGRATE_FAULT": str(fault)})
        if result.code == 0:
            break
        assert result.code == KILLED, result
    assert catalog.difference(catalog.read(held.url), expanded) == []
    held.must("contract", "--quarantine", "1h")
    assert held.run("contract", "--purge", environ={"BGMIGRATE_FAULT": "1"}).code == KILLED
    assert held.must("status").json["quarantine"][0]["state"] == "purging"
    held.must("contract", "--undo")  # nothing of it has been dropped yet
    assert catalog.difference(catalog.read(held.url), expanded) == []
    held.must("contract", "--quarantine", "1h")
    assert held.run("contract", "--purge", environ={"BGMIGRATE_FAULT": "2"}).code == KILLED
    held.must("contract", "--purge")
    assert held.sql("SELECT count(*) FROM persons WHERE years IS NULL") == [(0,)]


@pytest.mark.exhaustive(turns=4)
def test_plain_alembic_rollback_and_a_contract_that_stands_on_it_wait(held: Project) -> None:
    held.must("contract", "--quarantine", "1h")
    done = held.alembic("upgrade", "heads")
    assert (done.code != 0, "BGM960" in done.err) == (True, True)
    assert "BGM917" in held.must("rollback", code=3).codes
    early = held.must("contract", "--purge", "--quarantine", "7d", code=6)
    assert early.codes == {"BGM960"}


@pytest.mark.exhaustive(turns=4)
def test_what_is_rehearsed_and_verified_meanwhile_is_the_purge(held: Project) -> None:
    held.must("contract", "--quarantine", "1h")
    held.must("rehearse", "--rows", "5")
    assert held.must("verify", "--green", held.spec("green")).json["outcome"] == "passed"
    assert held.must("doctor", code=0).json["outcome"] == "done"
    held.must("contract", "--purge")


@pytest.mark.exhaustive(turns=4)
def test_the_next_release_goes_on_meanwhile_and_each_can_be_taken_back(held: Project) -> None:
    held.must("contract", "--quarantine", "1h")
    again = held.must("plan", "-m", "again", "--from", held.spec("green"), "--target", held.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"
    held.models(next=NEXT)
    held.must("plan", "-m", "alias", "--from", held.spec("green"), "--target", held.spec("next"))
    held.must("expand")
    assert held.must("verify", "--green", held.spec("green"), "--blue", held.spec("next")).json["outcome"] == "passed"
    held.must("switch", "--to", "blue")
    expanded = catalog.read(held.url)
    assert held.must("contract", code=6).codes == {"BGM960"}  # would drop the first one's before its time
    held.must("contract", "--quarantine", "1h")
    with psycopg.connect(held.url, application_name="shop-blue-9", autocommit=True) as c:
        c.execute("INSERT INTO persons (alias, years, city) VALUES ('third', 3, '')")
    first, second = (q["revision"] for q in held.must("status").json["quarantine"])
    held.must("contract", "--undo", "--to", second)
    assert catalog.difference(catalog.read(held.url), expanded) == []
    assert [q["revision"] for q in held.must("status").json["quarantine"]] == [first]
    assert held.sql("SELECT nick, alias, bgm_gone_persons_age FROM persons WHERE alias = 'third'") == [("third", "third", "3")]
    held.must("switch", "--to", "green")
    held.must("switch", "--to", "blue")
    held.must("contract", "--quarantine", "1h")
    assert held.must("contract", "--purge").json["revisions"] == [first, second]
    names = held.sql("SELECT attname FROM pg_attribute WHERE attrelid = 'persons'::regclass AND attnum > 0 AND NOT attisdropped")
    assert {n for n, in names} == {"alias", "city", "id", "years"}


def test_alembic_s_own_operations_are_read_and_never_run(project: Project) -> None:
    project.models(blue=BLUE)
    project.must("init")
    done = project.alembic("revision", "-m", "by hand", "--rev-id", "by_hand", "--head", "contract@head")
    assert done.code == 0, done
    (path,) = (project.directory / "migrations").rglob("*by_hand.py")
    path.write_text(path.read_text(encoding="utf-8").replace("    pass", """    import bgmigrate.revisions
    op.begin_contract(revision)
    op.drop_column("persons", "note")
    op.drop_table("logs", schema="past")
    op.stop_synchronizing("persons", "zz_bgm_sync_persons_id", drop=["id", "age"], rename={"bgm_shadow_persons_id": "id"})
    op.finish_rename_table("people", "persons")
    op.execute("CREATE TABLE by_hand ()")""", 1), encoding="utf-8")
    settings = load(directory=project.directory, environ=project.environment())
    found = contracted(Files.open(settings), "by_hand")
    assert [str(r) for r in found.removals] == ["persons.age", "people", "persons.note", "past.logs"]  # id is what both versions call it
    assert {"persons", "people", "past.logs"} <= {*found.tables}
    assert project.sql("SELECT to_regclass('by_hand')") == [(None,)]
