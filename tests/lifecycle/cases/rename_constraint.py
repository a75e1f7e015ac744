"""Every sort of constraint, and an index, under other names; both versions name columns only."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)

class Member(Base):
    __tablename__ = "members"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="{0}_pk"), UniqueConstraint("email", name="{0}_uq"), CheckConstraint("length(email) > 1", name="{0}"),
        ForeignKeyConstraint(["team_id"], ["teams.id"], name="{0}_fk"), Index("{0} ix", text("lower(email)")), Index("{0}_ux", "team_id", "email", unique=True),
    )
    id: Mapped[int] = mapped_column(autoincrement=True)
    team_id: Mapped[int | None]
    email: Mapped[str] = mapped_column(Text)
'''
CASE = Case(
    kind="rename_constraint",
    blue=HEAD.format("Old"),
    green=HEAD.format("new"),
    green_seed="INSERT INTO teams SELECT FROM generate_series(1, 60) i",
    seed="""
INSERT INTO teams SELECT FROM generate_series(1, 60) i;
INSERT INTO members (team_id, email) SELECT NULLIF(i % 50, 0), 'e' || i FROM generate_series(1, 300) i;
""",
    blue_writes=(
        insert("members", lambda n: {"team_id": n % 50 + 1, "email": f"blue {n}"}),
        update("members", lambda n: n % 20 + 1, lambda n: {"email": f"blue now {n}"}),
    ),
    green_writes=(
        insert("members", lambda n: {"team_id": n % 50 + 1, "email": f"green {n}"}),
        update("members", lambda n: n % 20 + 1, lambda n: {"email": f"green now {n}"}),
    ),
    seen=(Seen(table="members"),),
    changes=("Old_pk", "Old_uq", "ck_members_Old", "Old_fk", "Old ix", "Old_ux"),
    catalog_only=("members",),
)
