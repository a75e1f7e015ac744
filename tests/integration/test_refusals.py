"""What is refused because going on would lose something, and what the refusal says to do."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE, BLUE, GREEN, SEED
from tests.lifecycle import catalog
from tests.project import Project

NEXT = GREEN.replace("full_name: ", "display: ").replace('"name"', '"full_name"')
PEOPLE = BLUE.replace('__tablename__ = "users"', '__tablename__ = "people"')


def test_a_table_that_looks_renamed_is_never_taken_for_a_drop_and_a_create(project: Project) -> None:
    project.models(blue=BLUE, green=PEOPLE)
    project.start_blue(SEED.format(rows=5))
    refused = project.must("plan", "-m", "people", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM902"}
    assert '"renamed_from": "users"' in refused.json["findings"][0]["next"]
    renamed = project.must("plan", "-m", "people", "--target", project.spec("green"), "--rename-table", "users=people", "--dry-run")
    assert {c["kind"] for c in renamed.json["changes"]} == {"rename_table", "rename_constraint"} & {c["kind"] for c in renamed.json["changes"]}
    assert ("rename_table", "users") in {(c["kind"], c["table"]) for c in renamed.json["changes"]}
    said = PEOPLE + '    __table_args__ = {"info": {"bgmigrate": {"renamed_from": None}}}\n'
    project.models(green=said)
    assert [c["kind"] for c in project.must("plan", "-m", "people", "--target", project.spec("green")).json["changes"]] == ["create_table", "drop_table"]


def test_a_column_that_an_uncontracted_release_keeps_in_step_is_not_renamed_again(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN, next=NEXT)
    project.start_blue(SEED.format(rows=5))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    refused = project.must("plan", "-m", "two", "--from", project.spec("green"), "--target", project.spec("next"), code=3)
    assert refused.codes == {"BGM919"}
    assert "bgmigrate contract --to" in refused.json["findings"][0]["next"]


def test_an_expand_that_the_live_version_runs_on_is_no_nothing_to_do_for_rollback(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=5))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    refused = project.must("rollback", code=3)
    assert refused.codes == {"BGM917"}
    assert "switch --to blue" in refused.json["findings"][0]["next"]
    project.must("switch", "--to", "blue")
    assert project.must("rollback").json["outcome"] == "done"
    assert project.must("rollback").json["outcome"] == "nothing_to_do"


def test_the_way_back_is_closed_once_the_next_releases_expand_has_begun(project: Project) -> None:
    """What stands in the idle environment by then may be the next version, which nobody has tried."""
    more = BLUE + "    note: Mapped[str | None] = mapped_column(Text)\n"
    project.models(blue=BLUE, green=more, next=more + "    other: Mapped[str | None] = mapped_column(Text)\n")
    project.start_blue(SEED.format(rows=5))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("plan", "-m", "two", "--target", project.spec("next"))
    assert project.must("switch", "--dry-run").json["direction"] == "back"
    project.must("expand")
    assert project.must("switch", "--to", "blue", code=4).codes == {"BGM909"}


def test_a_rename_that_forbids_nulls_as_well_is_refused_while_there_are_any_and_nothing_stands_for_them(project: Project) -> None:
    project.models(blue=BLUE.replace("Mapped[str]", "Mapped[str | None]"), green=GREEN)
    project.start_blue("INSERT INTO users (name) SELECT NULLIF('n' || i, 'n7') FROM generate_series(1, 9) i")
    before = catalog.read(project.url)
    assert {"BGM207", "BGM502"} <= project.must("plan", "-m", "one", "--target", project.spec("green")).codes
    refused = project.must("expand", code=3)
    assert refused.codes == {"BGM502"}
    assert "1 row of users have no value in name: 7" in refused.json["what"]
    assert catalog.read(project.url) == before
    project.sql("UPDATE users SET name = 'seven' WHERE id = 7")
    project.must("expand")
    project.sql("UPDATE users SET name = NULL WHERE id = 8")  # blue may still write it
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    assert "8" in project.must("contract", "--drained", "gone", code=3).json["what"]
    project.sql("UPDATE users SET full_name = 'eight' WHERE id = 8")
    project.must("contract", "--drained", "gone")


def test_a_table_with_a_dot_in_its_name_is_refused_and_not_taken_for_a_schema(project: Project) -> None:
    project.models(green=BLUE.replace('"users"', '"my.users"'))
    project.must("init")
    assert project.must("plan", "-m", "one", "--target", project.spec("green"), code=3).codes == {"BGM901"}


SIDES = BLUE + """    a: Mapped[str | None]
    b: Mapped[str | None]
"""
TABLES = BLUE + """
class Other(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""
SAID = '__table_args__ = {"info": {"bgmigrate": {"renamed_from": "%s"}}}'


@pytest.mark.parametrize(
    ("blue", "green", "names"),
    [
        (SIDES, BLUE + '    a: Mapped[str | None] = mapped_column(info={"bgmigrate": {"renamed_from": "b"}})\n', ("users.b", "users.a")),
        (TABLES, BLUE.replace('"users"', f'"users"\n    {SAID % "people"}'), ("people", "users")),
        (TABLES, TABLES.replace('"users"', f'"users"\n    {SAID % "people"}').replace('"people"\n    id', f'"people"\n    {SAID % "users"}\n    id'),
         ("people", "users")),
    ],
    ids=["column", "table", "tables exchanged"],
)
def test_a_rename_to_a_name_that_blue_uses_is_no_stale_hint(project: Project, blue: str, green: str, names: tuple[str, ...]) -> None:
    """Passed over, it would let the old column or table be dropped with all that is in it."""
    project.models(blue=blue, green=green)
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM901"}
    assert all(n in refused.json["what"] for n in names) and "already" in refused.json["what"]


def test_backward_for_a_column_with_a_default_is_said_to_be_of_no_use(project: Project) -> None:
    blue = BLUE + '    kind: Mapped[str] = mapped_column(Text, server_default="a")\n'
    green = BLUE + '    __table_args__ = {"info": {"bgmigrate": {"backward": {"kind": "upper(name)"}}}}\n'
    project.models(blue=blue, green=green)
    project.start_blue(SEED.format(rows=5))
    assert "BGM209" in project.must("plan", "-m", "one", "--target", project.spec("green")).codes
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))


def test_expand_does_not_call_a_half_undone_schema_applied(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=5))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    assert project.run("rollback", environ={"BGMIGRATE_FAULT": "3"}).code == 137
    refused = project.must("expand", code=3)
    assert "bgmigrate rollback" in refused.json["findings"][0]["next"]
    project.must("rollback")
    project.must("expand")
    assert project.sql("SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM name") == [(0,)]


def test_an_empty_project_without_models_says_so(project: Project) -> None:
    project.models(green=BASE)
    project.must("init")
    assert project.must("plan", "-m", "nothing", "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
