"""Foreign keys of the same name: other actions, a deferral that comes and one that goes, another table."""

from tests.lifecycle.case import Case, Seen, delete, insert, update

HEAD = '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)

class Squad(Base):
    __tablename__ = "squads"
    id: Mapped[int] = mapped_column(primary_key=True)

class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[int | None] = mapped_column(ForeignKey("teams.id"{first}))
    later: Mapped[int | None] = mapped_column(ForeignKey("teams.id"{later}))
    sooner: Mapped[int | None] = mapped_column(ForeignKey("teams.id"{sooner}))
    other: Mapped[int | None] = mapped_column(ForeignKey("{other}.id"))
'''
CASE = Case(
    kind="change_foreign_key",
    blue=HEAD.format(first=', onupdate="CASCADE"', later="", sooner=', deferrable=True, initially="DEFERRED"', other="teams"),
    green=HEAD.format(first=', ondelete="CASCADE"', later=', deferrable=True, initially="DEFERRED"', sooner="", other="squads"),
    green_seed="INSERT INTO teams (title) SELECT 't' || i FROM generate_series(1, 60) i; INSERT INTO squads SELECT FROM generate_series(1, 99)",
    seed="""
INSERT INTO teams (title) SELECT 't' || i FROM generate_series(1, 60) i;
INSERT INTO squads SELECT FROM generate_series(1, 99);
INSERT INTO members (first, later, sooner, other) SELECT NULLIF(i % 50, 0), i % 40 + 1, i % 30 + 1, NULLIF(i % 20, 0) FROM generate_series(1, 300) i;
""",
    blue_writes=(
        insert("members", lambda n: {"first": n % 40 + 1, "later": n % 40 + 1, "sooner": n % 40 + 1, "other": n % 40 + 1}),
        update("members", lambda n: n % 20 + 1, lambda n: {"first": n % 30 + 1, "later": None, "sooner": None, "other": None}),
    ),
    green_writes=(
        insert("members", lambda n: {"first": n % 40 + 1, "later": n % 40 + 1, "other": 61 + n % 20}),
        delete("squads", lambda n: 99 - n if n < 3 else 0),
    ),
    seen=(Seen(table="teams"), Seen(table="members")),
    clean_up="UPDATE members SET other = NULL WHERE other > 60",
    changes=("fk_members_first", "fk_members_later", "fk_members_sooner", "fk_members_other"),
)
