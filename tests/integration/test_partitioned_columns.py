"""Columns of partitioned tables that number themselves, or that PostgreSQL computes."""

from __future__ import annotations

import pytest

from tests.integration.test_numbering import released
from tests.integration.test_refused_columns import BASE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)

TABLE = BASE + '''
class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = {{"postgresql_partition_by": "RANGE (day)"}}
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]
{more}'''
BLUE = TABLE.format(more="")
GREEN = TABLE.format(more='''
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    double: Mapped[int | None] = mapped_column(Computed("value * 2", persisted=True), index=True)
''')
PARTITIONS = """
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (0) TO (100); CREATE TABLE readings_2 PARTITION OF readings DEFAULT;
INSERT INTO readings SELECT i, i, i FROM generate_series(0, 199) i
"""


def test_columns_of_a_partitioned_table_number_themselves_and_are_computed(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(PARTITIONS)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.sql("INSERT INTO readings VALUES (900, 50, 7), (901, 150, 8)")
    project.must("rollback")
    assert project.sql("SELECT count(*) FROM pg_attribute WHERE attname IN ('number', 'double')") == [(0,)]
    released(project)
    project.sql("INSERT INTO readings (id, day, value) VALUES (902, 50, 7), (903, 150, 8)")
    assert project.sql("SELECT count(*), count(DISTINCT number), count(*) FILTER (WHERE double = value * 2) FROM readings") == [(204, 204, 204)]
    valid = "SELECT count(*) FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid WHERE indisvalid AND c.relname LIKE '%double%'"
    assert project.sql(valid) == [(3,)]
    again = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"
