"""Indexes, keys and foreign keys of partitioned tables, nested ones included, through their whole life and killed in the middle of it."""

from __future__ import annotations

import pytest

from tests.lifecycle import catalog
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)

HEAD = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Place(Base):
    __tablename__ = "places"
    id: Mapped[int] = mapped_column(primary_key=True)

class Reading(Base):
    __tablename__ = "Readings"
    __table_args__ = (%s{"postgresql_partition_by": "RANGE (day)"%s})
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int | None]
    place_id: Mapped[int | None] = mapped_column(Integer%s)
'''
BLUE = HEAD % ('Index("ix_gone", "place_id"), UniqueConstraint("value", "day", "id", name="uq_gone"), ', "", "")
GREEN = HEAD % (
    """Index("ix value", text("value DESC"), postgresql_where=text("value > 3")), Index("ux", "value", "day", "id", unique=True),
       UniqueConstraint("place_id", "day", "id", name="uq_new", postgresql_nulls_not_distinct=True), """,
    ', "info": {"bgmigrate": {"blue_satisfies": ["ux", "uq_new"]}}',
    ', ForeignKey("places.id", name="fk_place")',
)
PARTS = """
CREATE TABLE readings_1 PARTITION OF "Readings" FOR VALUES FROM (0) TO (100);
CREATE TABLE "Readings 2" PARTITION OF "Readings" FOR VALUES FROM (100) TO (200) PARTITION BY HASH (id);
CREATE TABLE "Readings 2a" PARTITION OF "Readings 2" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE "Readings 2b" PARTITION OF "Readings 2" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE readings_rest PARTITION OF "Readings" DEFAULT;
INSERT INTO places SELECT FROM generate_series(1, 30);
INSERT INTO "Readings" SELECT i, i, NULLIF(i % 5, 0) * 1000 + i, i % 30 + 1 FROM generate_series(1, 300) i;
"""
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
OURS = "SELECT count(*) FROM pg_class WHERE relkind IN ('i', 'I') AND relname ~ 'ix value|ux|uq_new'"
UNATTACHED = """SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE t.relispartition AND NOT x.relispartition"""


def start(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(PARTS)
    project.must("plan", "-m", "parts", "--target", project.spec("green"))


@pytest.mark.every_server
def test_indexes_and_keys_of_a_partitioned_table_live_from_plan_to_contract(project: Project) -> None:
    start(project)
    original = catalog.read(project.url)
    project.must("expand")
    assert project.sql(INVALID) == [(0,)]
    assert project.sql(OURS) == [(18,)]  # three of them on the table, its four partitions that have rows, and the one in between
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    project.sql('INSERT INTO "Readings" VALUES (900, 50, 7, 1), (901, 950, NULL, NULL)')
    project.sql('CREATE TABLE readings_3 (LIKE "Readings"); ALTER TABLE "Readings" ATTACH PARTITION readings_3 FOR VALUES FROM (5000) TO (6000)')
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")
    assert project.sql(INVALID) == [(0,)]
    assert project.sql(UNATTACHED) == []
    keys = "SELECT conname::text, convalidated FROM pg_constraint WHERE conrelid = '\"Readings\"'::regclass AND contype IN ('f', 'u') ORDER BY 1"
    assert project.sql(keys) == [("fk_place", True), ("uq_new", True)]
    assert project.sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated") == [(0,)]
    again = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", [4, 9, 14, 19])
def test_a_killed_build_goes_on_or_is_undone_without_a_trace(project: Project, fault: int) -> None:
    start(project)
    original = catalog.read(project.url)
    assert project.run("expand", environ={"BGMIGRATE_FAULT": str(fault)}).code == 137
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    assert project.run("expand", environ={"BGMIGRATE_FAULT": str(fault)}).code == 137
    project.must("expand")
    assert project.sql(INVALID) == [(0,)]
    assert project.sql(OURS) == [(18,)]


def test_what_is_dropped_in_expand_on_request_comes_back_in_a_rollback(project: Project) -> None:
    """Under its name; what PostgreSQL called the partitions' own indexes no model knows."""
    project.models(blue=BLUE, green=GREEN.replace('"blue_satisfies": ["ux", "uq_new"]', '"drop_in_expand": ["ix_gone", "uq_gone"]'))
    project.start_blue(PARTS)
    project.must("plan", "-m", "parts", "--target", project.spec("green"))
    there = "SELECT relname::text FROM pg_class WHERE relname IN ('ix_gone', 'uq_gone') ORDER BY 1"
    project.must("expand")
    assert project.sql(there) == []
    project.must("rollback")
    assert (project.sql(there), project.sql(INVALID), project.sql(UNATTACHED)) == ([("ix_gone",), ("uq_gone",)], [(0,)], [])


def test_an_invalid_index_of_one_partition_is_built_again(project: Project) -> None:
    start(project)
    project.sql('CREATE INDEX "readings_1_ix value" ON readings_1 (value DESC) WHERE value > 3')
    project.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"readings_1_ix value\"'::regclass")
    project.must("expand")
    assert project.sql(INVALID) == [(0,)]


def test_duplicates_in_one_partition_are_counted_before_anything_is_built(project: Project) -> None:
    start(project)
    project.sql('ALTER TABLE "Readings" DROP CONSTRAINT "Readings_pkey"; INSERT INTO "Readings" VALUES (5, 5, NULL, NULL), (5, 5, NULL, NULL)')
    before = catalog.read(project.url)
    refused = project.must("expand", code=3)
    assert refused.codes == {"BGM501"}
    assert "2 rows of Readings share" in refused.json["findings"][0]["what"]
    assert catalog.difference(catalog.read(project.url), before) == []


@pytest.mark.every_server
def test_the_primary_key_of_a_partitioned_table_is_exchanged_without_a_build_under_its_lock(project: Project) -> None:
    blue = HEAD % ("", "", "")
    project.models(blue=blue, green=blue.replace("value: Mapped[int | None]", "value: Mapped[int] = mapped_column(primary_key=True, default=0)"))
    project.start_blue(PARTS)
    project.must("plan", "-m", "key", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    assert project.run("contract", "--drained", "gone", environ={"BGMIGRATE_FAULT": "7"}).code == 137
    project.must("contract", "--drained", "gone")
    keys = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text ~ 'eadings' ORDER BY 1"
    tables = ['"Readings 2"', '"Readings 2a"', '"Readings 2b"', '"Readings"', "readings_1", "readings_rest"]
    assert sorted(project.sql(keys)) == sorted((t, "PRIMARY KEY (id, day, value)") for t in tables)
    assert (project.sql(INVALID), project.sql(UNATTACHED)) == ([(0,)], [])


KEYED = HEAD % (
    'UniqueConstraint("value", "day", "id", name="uq_value"), Index("ix_id", "id"), CheckConstraint("value <> 3", name="three"), ', "", "",
)


@pytest.mark.every_server
def test_columns_of_a_partitioned_table_get_other_names_and_types_with_all_their_keys(project: Project) -> None:
    """The primary key's too, of which a partitioned table can have no second one beside it; with a partition that comes after expand."""
    amount = 'amount: Mapped[int | None] = mapped_column(BigInteger, info={"bgmigrate": {"renamed_from": "value"}})'
    green = KEYED.replace("value: Mapped[int | None]", amount).replace('"value"', '"amount"').replace('from": "amount"', 'from": "value"')
    green = green.replace("value <> 3", "amount <> 3")
    blue = KEYED.replace("mapped_column(BigInteger, primary_key", "mapped_column(Integer, primary_key")
    project.models(blue=blue, green=green)
    project.start_blue(PARTS)
    refused = project.must("plan", "-m", "wider", "--target", project.spec("green"), code=3)
    assert 'the partition key of "Readings 2" uses Readings.id' in refused.json["findings"][0]["what"]
    project.sql('ALTER TABLE "Readings" DETACH PARTITION "Readings 2"')
    project.sql('CREATE TABLE "Readings 4" PARTITION OF "Readings" FOR VALUES FROM (100) TO (200) PARTITION BY LIST (day)')
    project.sql('CREATE TABLE "Readings 4a" PARTITION OF "Readings 4" DEFAULT')
    project.sql('INSERT INTO "Readings" SELECT * FROM "Readings 2"')
    project.sql('DROP TABLE "Readings 2"')
    original = catalog.read(project.url)
    project.must("plan", "-m", "wider", "--target", project.spec("green"))
    project.must("expand")
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    project.sql('CREATE TABLE readings_3 PARTITION OF "Readings" FOR VALUES FROM (1000) TO (1100)')
    project.sql('INSERT INTO "Readings" (id, day, value) VALUES (7001, 1001, 8)')
    project.sql('INSERT INTO "Readings" (id, day, amount) VALUES (7002, 1002, 9)')
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    codes = [project.run("contract", "--drained", "gone", environ={"BGMIGRATE_FAULT": str(fault)}).code for fault in (2, 5, 8, 11, 14, 99)]
    assert {*codes[:2]} == {137} and codes[-1] == 0
    assert project.must("plan", "-m", "again", "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
    keys = "SELECT count(*), count(DISTINCT pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text ~ 'eadings'"
    assert project.sql(keys) == [(6, 1)]
    assert (project.sql(INVALID), project.sql(UNATTACHED)) == ([(0,)], [])
    assert project.sql('SELECT id, amount FROM "Readings" WHERE id > 7000 ORDER BY 1') == [(7001, 8), (7002, 9)]
    project.sql('INSERT INTO "Readings" (id, day, amount) VALUES (3000000000, 5, 3000000000)')
