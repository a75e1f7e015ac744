"""Constraints in a release that changes the same columns and tables in other ways as well."""

from __future__ import annotations

from tests.integration.shop import BASE
from tests.project import Project

BLUE = BASE + '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)

class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None]
    team_id: Mapped[int | None]
    gone: Mapped[int | None]
    __table_args__ = (CheckConstraint("gone > 0", name="old check"), UniqueConstraint("gone", "size", name="old uq"), Index("old ix", "gone"))
'''
GREEN = BASE + '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)

class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    full: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})
    size: Mapped[int] = mapped_column(BigInteger, default=7)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", name="fk", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(Text, server_default=text("gen_random_uuid()::text"))
    __table_args__ = (CheckConstraint("size > 0 AND length(full) > 1", name="both"), UniqueConstraint("full", "size", name="uq"),
                      UniqueConstraint("token", name="token"), Index("ux", "size", "full", unique=True))
'''.replace("length(full)", 'length(\\"full\\")')
SEED = """INSERT INTO teams SELECT FROM generate_series(1, 9);
INSERT INTO people (name, size, team_id, gone) SELECT 'n' || i, NULLIF(i % 5, 0), i % 9 + 1, i FROM generate_series(1, 100) i"""


def test_everything_at_once_ends_in_greens_schema(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED)
    planned = project.must("plan", "-m", "all", "--target", project.spec("green"))
    assert {"set_not_null", "add_check", "add_unique", "add_foreign_key", "rename_column", "drop_column"} <= {c["kind"] for c in planned.json["changes"]}
    project.must("expand")
    project.sql("INSERT INTO people (name, size, team_id, gone) VALUES ('blue', NULL, NULL, NULL)")
    project.sql("INSERT INTO people (\"full\", size) VALUES ('green', 3)")
    assert project.sql("SELECT size FROM people WHERE \"full\" = 'blue'") == [(7,)]
    project.must("rollback")
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "gone")
    assert project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
    assert project.sql("SELECT count(*) FROM people WHERE size IS NULL") == [(0,)]
