"""Foreign keys that only green has: on an old column, with a cascade; on a new one that blue leaves NULL; and one that blue obeys, to its own table."""

from tests.lifecycle.case import Case, Seen, anything, delete, insert, update

HEAD = '''
class Team(Base):
    __tablename__ = "Tëams"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)

class Member(Base):
    __tablename__ = "members"
    __table_args__ = {{"schema": "Other Space"{info}}}
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column("Team", Integer{team})
    boss_id: Mapped[int | None] = mapped_column(Integer{boss})
'''
CASE = Case(
    kind="add_foreign_key",
    obeyed=("fk_members_boss_id",),
    blue=HEAD.format(team="", boss="", info=""),
    green=HEAD.format(
        team=', ForeignKey("Tëams.id", ondelete="CASCADE")', boss=', ForeignKey("Other Space.members.id", deferrable=True, initially="DEFERRED")',
        info=', "info": {"bgmigrate": {"blue_satisfies": ["fk_members_boss_id"]}}',
    ) + '''
    next_id: Mapped[int | None] = mapped_column(ForeignKey("Tëams.id", ondelete="SET NULL", onupdate="CASCADE"))
''',
    green_seed="""INSERT INTO "Tëams" (title) SELECT 't' || i FROM generate_series(1, 60) i; INSERT INTO "Other Space".members DEFAULT VALUES""",
    seed="""
INSERT INTO "Tëams" (title) SELECT 't' || i FROM generate_series(1, 60) i;
INSERT INTO "Other Space".members ("Team", boss_id) SELECT NULLIF(i % 50, 0), CASE WHEN i > 5 THEN 1 END FROM generate_series(1, 300) i;
""",
    blue_writes=(
        insert("Other Space.members", lambda n: {"Team": n % 40 + 1, "boss_id": 1 if n % 2 else None}),
        insert("Tëams", lambda n: {"title": f"blue {n}"}),
        delete("Tëams", lambda n: 55 if n == 5 else 0),
        update("Other Space.members", lambda n: n % 20 + 2, lambda n: {"Team": None if n % 3 == 0 else n % 30 + 1}),
    ),
    green_writes=(
        insert("Other Space.members", lambda n: {"Team": n % 40 + 1, "boss_id": 1, "next_id": n % 30 + 1}),
        update("Other Space.members", lambda n: n % 20 + 30, lambda n: {"next_id": None if n % 3 == 0 else n % 30 + 1}),
    ),
    seen=(Seen(table="Tëams"), Seen(table="Other Space.members", to_green=lambda blue: {"next_id": anything})),
    changes=("fk_members_Team", "fk_members_boss_id", "fk_members_next_id"),
)
