"""A foreign key that green has no more: green writes orphans and deletes what rows point to."""

from tests.lifecycle.case import Case, Seen, delete, insert, update

HEAD = '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)

class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(Integer{team})
'''
CASE = Case(
    kind="drop_foreign_key",
    blue=HEAD.format(team=', ForeignKey("teams.id", name="Its team")'),
    green=HEAD.format(team=""),
    seed="""
INSERT INTO teams (title) SELECT 't' || i FROM generate_series(1, 300) i;
INSERT INTO members (team_id) SELECT i FROM generate_series(1, 300) i;
""",
    blue_writes=(
        insert("members", lambda n: {"team_id": n % 40 + 1}),
        update("members", lambda n: n % 20 + 1, lambda n: {"team_id": n % 30 + 1}),
    ),
    green_writes=(
        insert("members", lambda n: {"team_id": -n}),
        delete("teams", lambda n: 200 + n),
    ),
    seen=(Seen(table="teams"), Seen(table="members")),
    clean_up="UPDATE members SET team_id = 1 WHERE team_id NOT IN (SELECT id FROM teams)",
    changes=("Its team",),
    catalog_only=("members",),
    contracts=False,
)
