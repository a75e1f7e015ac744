"""Columns renamed with all that hangs on them: unique, indexes (one partial), check, foreign key, comment, NOT NULL; one to an awkward name."""

from tests.lifecycle.case import Case, Row, Seen, delete, insert, update

TEAM = '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
'''


def to_green(blue: Row) -> Row:
    return {"account": blue["handle"], "squad_id": blue["team_id"], "From": blue["from"]}


def to_blue(green: Row) -> Row:
    return {"handle": green["account"], "team_id": green["squad_id"], "from": green["From"]}


CASE = Case(
    kind="rename_column",
    blue=TEAM + '''
class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(80), unique=True, comment="how others call them")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"), index=True)
    active: Mapped[bool]
    origin: Mapped[str | None] = mapped_column("from", Text)
    __table_args__ = (CheckConstraint("length(handle) > 1 AND handle <> 'handle'", name="handle_length"),
                      Index("ix_members_active", "handle", postgresql_where=text("active AND handle IS NOT NULL")))
''',
    green=TEAM + '''
class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(80), unique=True, comment="how others call them", info={"bgmigrate": {"renamed_from": "handle"}})
    squad_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"), index=True, info={"bgmigrate": {"renamed_from": "team_id"}})
    active: Mapped[bool]
    origin: Mapped[str | None] = mapped_column("From", Text, info={"bgmigrate": {"renamed_from": "from"}})
    __table_args__ = (CheckConstraint("length(account) > 1 AND account <> 'handle'", name="handle_length"),
                      Index("ix_members_active", "account", postgresql_where=text("active AND account IS NOT NULL")))
''',
    green_seed="INSERT INTO teams (title) SELECT 'team ' || i FROM generate_series(1, 60) i",
    seed="""
INSERT INTO teams (title) SELECT 'team ' || i FROM generate_series(1, 60) i;
INSERT INTO members (handle, team_id, active, "from") SELECT 'member-' || i, NULLIF(i % 50, 0), i % 3 = 0, NULLIF('f' || i % 5, 'f0') FROM generate_series(1, 400) i;
INSERT INTO members (handle, team_id, active) VALUES ('Ünï ☕ 名', NULL, true), (repeat('m', 80), 1, false), ('a''b"c\\d%s', 2, true);
""",
    blue_writes=(
        insert("members", lambda n: {"handle": f"blue-{n}", "team_id": n % 50 + 1 if n % 2 else None, "active": True, "from": "b"}),
        update("members", lambda n: n % 20 + 1, lambda n: {"handle": f"blue-now-{n}"}),
        update("members", lambda n: n % 20 + 1, lambda n: {"active": n % 2 == 0}),
        update("members", lambda n: n % 20 + 5, lambda n: {"team_id": None if n % 2 else n % 50 + 1}),
        update("members", lambda n: n % 20 + 9, lambda n: {"from": None if n % 2 else f"ö{n}"}),
    ),
    green_writes=(
        insert("members", lambda n: {"account": f"green-{n}", "squad_id": n % 50 + 1, "active": True}),
        update("members", lambda n: n % 20 + 1, lambda n: {"account": f"green-now-{n}"}),
        update("members", lambda n: n % 20 + 5, lambda n: {"squad_id": None if n % 3 == 0 else n % 50 + 1, "From": f"g{n}"}),
        delete("members", lambda n: 300 + n),
    ),
    seen=(Seen(table="teams"), Seen(table="members", to_green=to_green, to_blue=to_blue)),
    changes=("handle", "account", "team_id", "squad_id", "From"),
)
