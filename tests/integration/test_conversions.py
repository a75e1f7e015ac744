"""Data decides first: values that do not convert, and rows that would not come back, are counted before anything changes; a person decides."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.lifecycle import catalog
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)

PRELUDE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Person(Base):
    __tablename__ = "People"
    id: Mapped[int] = mapped_column(primary_key=True)
'''
BLUE = PRELUDE + '''
    age: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(40))
'''


def green(**hints: object) -> str:
    """The age becomes a number under another name."""
    told = {"renamed_from": "age", "forward": "age::integer", **hints}
    return PRELUDE + f'''
    years: Mapped[int | None] = mapped_column(info={{"bgmigrate": {told!r}}})
    name: Mapped[str] = mapped_column(String(40))
    __table_args__ = {{"info": {{"bgmigrate": {{"backward": {{"age": "years::text"}}}}}}}}
'''


SPLIT = PRELUDE + '''
    age: Mapped[str | None] = mapped_column(Text)
    first: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"forward": "split_part(name, ' ', 1)"}})
    last: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"forward": "split_part(name, ' ', 2)"}})
    __table_args__ = {"info": {"bgmigrate": {"backward": {"name": "first || ' ' || last"}}}}
'''
SHORT = BLUE.replace("String(40)", "String(12)")
BAD = {3: "about 40", 11: "", 250: "9999999999"}


@pytest.fixture
def live(project: Project) -> Project:
    project.models(blue=BLUE)
    project.start_blue("""INSERT INTO "People" (age, name) SELECT NULLIF(i % 90, 0)::text, 'First' || i || ' Last' FROM generate_series(1, 300) i""")
    return project


def spoil(project: Project, rows: Mapping[int, str] = BAD) -> None:
    for key, age in rows.items():
        project.sql('UPDATE "People" SET age = %s WHERE id = %s', age, key)


def plan(project: Project, models: str, code: int = 0) -> dict[str, str]:
    """What plan's findings of code BGM503 say, by severity."""
    project.models(green=models)
    result = project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"), code=code)
    return {f["severity"]: f["what"] for f in result.json["findings"] if f["code"] == "BGM503"}


@pytest.mark.every_server
def test_values_that_do_not_convert_are_counted_and_expand_changes_nothing(live: Project) -> None:
    spoil(live)
    original = catalog.read(live.url)
    told = plan(live, green())
    head, _, rest = told["warning"].partition(": ")
    keys, _, words = rest.partition(" (")
    assert (head, sorted(keys.split(", "))) == ("3 rows of People have no value for years", ["11", "250", "3"])
    assert words.startswith("invalid input syntax for type integer") or "out of range" in words
    refused = live.must("expand", code=3)
    assert refused.codes == {"BGM503"}
    assert "3 rows of People" in refused.json["what"]
    assert catalog.difference(catalog.read(live.url), original) == []
    live.sql('UPDATE "People" SET age = NULL WHERE id IN (3, 11, 250)')
    live.must("expand")
    assert live.sql('SELECT count(*) FILTER (WHERE years::text IS DISTINCT FROM age) FROM "People"') == [(0,)]


def test_a_value_that_is_too_long_for_the_new_type_is_no_value(live: Project) -> None:
    told = plan(live, SHORT)
    assert told["warning"].startswith("201 rows of People have no value for name as character varying(12): 100, 101, 102, 103, 104, …"), told
    live.must("expand", code=3)


def test_keep_blue_goes_on_and_contract_waits_until_they_are_mended(live: Project) -> None:
    spoil(live)
    assert plan(live, green(policy="keep-blue")) == {}
    live.must("expand")
    assert live.sql('SELECT id, years, age FROM "People" WHERE id IN (3, 11, 12) ORDER BY 1') == [(3, None, "about 40"), (11, None, ""), (12, 12, "12")]
    assert live.must("verify", "--blue", live.spec("blue"), "--green", live.spec("green"), code=3).codes >= {"BGM907"}
    live.sql('UPDATE "People" SET years = 40 WHERE id = 3')
    live.sql('UPDATE "People" SET age = NULL WHERE id IN (11, 250)')
    live.must("verify", "--blue", live.spec("blue"), "--green", live.spec("green"))
    live.must("switch", "--to", "green")
    live.must("contract", "--drained", "blue is gone")
    assert live.sql('SELECT years FROM "People" WHERE id = 3') == [(40,)]


@pytest.mark.every_server
def test_null_lets_go_of_them_because_a_person_said_so(live: Project) -> None:
    spoil(live)
    assert plan(live, green(policy="null")) == {}
    live.must("expand")
    live.sql("""INSERT INTO "People" (age, name) VALUES ('no number either', 'b')""")
    live.must("verify", "--blue", live.spec("blue"), "--green", live.spec("green"))
    live.must("switch", "--to", "green")
    live.must("contract", "--drained", "blue is gone")
    assert live.sql('SELECT count(*), count(years) FROM "People"') == [(301, 294)]


def test_null_for_a_column_that_is_never_null_is_a_contradiction(live: Project) -> None:
    live.models(green=green(policy="null").replace("Mapped[int | None]", "Mapped[int]"))
    result = live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"), code=2)
    assert "People.years is NOT NULL" in result.json["what"]


def test_a_policy_that_is_none_is_named(live: Project) -> None:
    live.models(green=green(policy="ignore"))
    result = live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"), code=2)
    assert "keep-blue" in result.json["next"]


@pytest.mark.every_server
def test_rows_that_would_not_come_back_are_counted_and_keep_what_they_hold(live: Project) -> None:
    live.sql("""UPDATE "People" SET name = 'Anna Maria de la Cruz' WHERE id IN (5, 6)""")
    told = plan(live, SPLIT)
    assert told == {"warning": "2 row(s) of People would not come back as they are: 5, 6"}
    live.must("expand")
    assert live.sql('SELECT name, first FROM "People" WHERE id = 5') == [("Anna Maria de la Cruz", "Anna")]
