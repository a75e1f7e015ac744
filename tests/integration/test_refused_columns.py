"""What is refused of a table's storage, its sequences and its generated columns, and what the refusal says to do."""

from __future__ import annotations

from tests.project import Project

BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
PART = BASE + '''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
'''


def test_an_unlogged_table_is_not_made_a_logged_one_by_rewriting_it(project: Project) -> None:
    project.models(blue=PART, green=PART + '    __table_args__ = {"prefixes": ["UNLOGGED"]}\n')
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM118"}
    assert "logged to UNLOGGED" in refused.json["what"]


def test_a_table_is_not_partitioned_in_place(project: Project) -> None:
    project.models(blue=PART, green=PART + '    __table_args__ = {"postgresql_partition_by": "HASH (id)"}\n')
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM118"}
    assert "parts: the partitioning" in refused.json["what"]


NUMBERS = 'Sequence("numbers", metadata=Base.metadata{})\n'


def test_a_sequence_that_only_a_migration_made_is_none_of_the_models_business(project: Project) -> None:
    project.models(blue=PART, green=PART, drawn=PART + NUMBERS.format(""))
    project.start_blue()
    project.must("plan", "-m", "numbers", "--target", project.spec("drawn"))
    project.must("expand")
    again = project.must("plan", "-m", "again", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"
    dropped = project.must("plan", "-m", "again", "--from", project.spec("drawn"), "--target", project.spec("green"), "--dry-run")
    assert [c["kind"] for c in dropped.json["changes"]] == ["sequence"]


def test_a_sequence_beyond_its_old_bounds_is_not_narrowed_again(project: Project) -> None:
    project.models(blue=PART + NUMBERS.format(", maxvalue=10"), green=PART + NUMBERS.format(", maxvalue=100"))
    project.start_blue()
    project.must("plan", "-m", "more", "--target", project.spec("green"))
    project.must("expand")
    project.sql("SELECT setval('numbers', 50)")
    refused = project.must("rollback", code=3)
    assert refused.codes == {"BGM917"}
    assert "stands at 50" in refused.json["what"]
    project.sql("SELECT setval('numbers', 7)")
    project.must("rollback")
    assert project.sql("SELECT max_value FROM pg_sequences WHERE sequencename = 'numbers'") == [(10,)]


def test_a_sequence_that_a_pending_contract_drops_is_not_wanted_again(project: Project) -> None:
    project.models(blue=PART + NUMBERS.format(""), green=PART, again=PART + NUMBERS.format(", start=5"))
    project.start_blue()
    project.must("plan", "-m", "less", "--target", project.spec("green"))
    project.must("expand")
    refused = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("again"), code=3)
    assert refused.codes == {"BGM919"}
