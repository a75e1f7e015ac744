"""A table goes, with a foreign key that would stop green from deleting the rows it points at."""

from tests.lifecycle.case import Case, Seen, delete, insert, update

USERS = '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="drop_table",
    blue=USERS + '''
class Badge(Base):
    __tablename__ = "Old Badges"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    label: Mapped[str | None] = mapped_column(Text)
''',
    green=USERS,
    seed="""
INSERT INTO users (name) SELECT NULLIF('üser ' || i, 'üser 7') FROM generate_series(1, 300) i;
INSERT INTO "Old Badges" (user_id, label) SELECT i, NULLIF('gold ☆ ' || i, 'gold ☆ 3') FROM generate_series(1, 290) i;
""",
    blue_writes=(
        insert("Old Badges", lambda n: {"user_id": n % 20 + 1, "label": f"blue {n}"}),
        insert("users", lambda n: {"name": f"blue {n}"}),
    ),
    green_writes=(
        insert("users", lambda n: {"name": f"green {n}"}),
        update("users", lambda n: n % 20 + 1, lambda n: {"name": f"g{n}"}),
        delete("users", lambda n: 100 + n),
    ),
    seen=(Seen(table="users"),),
    clean_up='DELETE FROM "Old Badges" b WHERE NOT EXISTS (SELECT FROM users WHERE id = b.user_id)',
    changes=("Old Badges",),
    final=(("SELECT to_regclass('\"Old Badges\"')::text", [(None,)]),),
)
