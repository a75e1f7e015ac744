"""Checks and a foreign key that the migrations' schema has NOT VALID, and that green has whole."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)

class Member(Base):
    __tablename__ = "Members"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int | None]
    team_id: Mapped[int | None]
    __table_args__ = (CheckConstraint("size > 0", name="size"), ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk team"))
'''
CASE = Case(
    kind="validate_constraint",
    blue=HEAD + '    note: Mapped[str | None] = mapped_column(Text, comment="old")\n',
    green=HEAD + '    note: Mapped[str | None] = mapped_column(Text, comment="new")\n',
    by_hand="""
ALTER TABLE "Members" DROP CONSTRAINT "ck_Members_size", DROP CONSTRAINT "fk team";
ALTER TABLE "Members" ADD CONSTRAINT "ck_Members_size" CHECK (size > 0) NOT VALID;
ALTER TABLE "Members" ADD CONSTRAINT "fk team" FOREIGN KEY (team_id) REFERENCES teams(id) NOT VALID;
""",
    green_seed="INSERT INTO teams SELECT FROM generate_series(1, 60)",
    seed="""
INSERT INTO teams SELECT FROM generate_series(1, 60);
INSERT INTO "Members" (size, team_id) SELECT NULLIF(i, 7), i % 60 + 1 FROM generate_series(1, 300) i;
""",
    blue_writes=(
        insert("Members", lambda n: {"size": n + 1, "team_id": n % 50 + 1}),
        update("Members", lambda n: n % 20 + 1, lambda n: {"size": None}),
    ),
    green_writes=(insert("Members", lambda n: {"size": n + 1, "team_id": n % 50 + 1}),),
    seen=(Seen(table="Members"),),
    changes=("ck_Members_size", "fk team"),
    contracts=False,
)
