"""What the rows must be like: plan says it, expand refuses with numbers and keys, contract asks again, and no question takes for ever."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)

BLUE = BASE + '''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None] = mapped_column(Text{hint})
'''
GREEN = BLUE.replace("str | None", "str")
SEED = "INSERT INTO parts (note) SELECT CASE WHEN i > 3 THEN 'n' END FROM generate_series(1, 10) i"
LATER = ', info={"bgmigrate": {"on_violation": "later"}}'


def start(project: Project, green: str, seed: str = SEED, blue: str = BLUE.format(hint="")) -> None:
    project.models(blue=blue, green=green)
    project.start_blue(seed)


def live(project: Project) -> None:
    """Make green live on what was expanded."""
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")


def test_plan_warns_with_number_and_keys_and_expand_refuses_before_anything_changes(project: Project) -> None:
    start(project, GREEN.format(hint=""))
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    (found,) = [f for f in planned.json["findings"] if f["code"] == "BGM502"]
    assert (found["severity"], found["table"], found["what"]) == ("warning", "parts", "3 rows of parts have no value in note: 1, 2, 3")
    assert "on_violation" in found["next"]
    assert "BGM207" in planned.codes
    refused = project.must("expand", code=3)
    assert [f["what"] for f in refused.json["findings"]] == ["3 rows of parts have no value in note: 1, 2, 3"]
    project.sql("UPDATE parts SET note = 'mended' WHERE note IS NULL")
    project.must("expand")


def test_what_was_refused_before_anything_changed_has_not_begun(project: Project) -> None:
    """Its files may be thrown away for another plan; and a contract of which nothing was done leaves the way back open."""
    start(project, GREEN.format(hint=""))
    thrown = project.must("plan", "-m", "one", "--target", project.spec("green")).json["revisions"]
    project.must("expand", code=3)
    assert project.must("rollback").json["outcome"] == "nothing_to_do"
    for revision in thrown:
        (project.directory / revision["path"]).unlink()
    project.models(green=GREEN.format(hint=LATER))
    project.must("plan", "-m", "two", "--target", project.spec("green"))
    project.must("expand")
    live(project)
    project.must("contract", "--drained", "gone", code=3)
    project.must("switch", "--to", "blue")
    project.must("rollback")


def test_rows_that_are_to_be_mended_later_keep_contract_shut_only(project: Project) -> None:
    start(project, GREEN.format(hint=LATER))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    live(project)
    before = project.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'parts'::regclass")
    refused = project.must("contract", "--drained", "gone", code=3)
    assert refused.codes == {"BGM502"}
    assert project.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'parts'::regclass") == before
    project.sql("UPDATE parts SET note = 'mended' WHERE note IS NULL")
    project.must("contract", "--drained", "gone")
    assert project.sql("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'parts'::regclass AND attname = 'note'") == [(True,)]


def test_a_question_that_takes_too_long_is_a_warning_and_contract_proves_it(project: Project) -> None:
    start(project, GREEN.format(hint=LATER), SEED.replace("WHEN i > 3 ", "WHEN true "))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    live(project)
    project.sql("INSERT INTO parts (note) SELECT 'n' FROM generate_series(1, 300000)")
    project.environ["BGMIGRATE_EXPAND__DATA_TIMEOUT"] = "1ms"
    done = project.must("contract", "--drained", "gone")
    told = [f for f in done.json["findings"] if f["code"] == "BGM502"]
    assert told and all(f["severity"] == "warning" and "could not be counted in 0.001 s" in f["what"] for f in told)
    assert project.sql("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'parts'::regclass AND attname = 'note'") == [(True,)]


def test_what_does_not_exist_yet_in_the_live_database_is_not_asked(project: Project) -> None:
    """A second plan is made while the first one's expand is still to come."""
    one = BLUE.format(hint="") + "    size: Mapped[int | None]\n"
    start(project, one)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.models(green=one.replace("int | None", "int"))
    planned = project.must("plan", "-m", "two", "--target", project.spec("green"))
    assert [f["code"] for f in planned.json["findings"]] == ["BGM207"]


def test_rollback_refuses_with_number_and_keys_what_green_wrote(project: Project) -> None:
    start(project, BLUE.format(hint=""), SEED.replace("WHEN i > 3 ", "WHEN true "), GREEN.format(hint=""))
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert "BGM208" in planned.codes
    project.must("expand")
    project.sql("INSERT INTO parts (note) VALUES (NULL), (NULL)")
    refused = project.must("rollback", code=3)
    assert refused.json["findings"][0]["what"] == "2 rows of parts have no value in note: 11, 12"
    project.sql("DELETE FROM parts WHERE note IS NULL")
    project.must("rollback")
