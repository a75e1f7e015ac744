"""An enum type that loses a value and changes its order; index, unique, check, default and NOT NULL hang on its columns."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(Enum("low", "lost", "high's", name="Level"), server_default="high's", info={"bgmigrate": {"never_writes": ["lost"]}},
                                       comment="how much it matters")
    was: Mapped[str | None] = mapped_column("Was", Enum("low", "lost", "high's", name="Level"), info={"bgmigrate": {"never_writes": ["lost"]}})
    code: Mapped[str] = mapped_column(String(40))
    __table_args__ = (Index("ix_tickets_level", "level", postgresql_where=text("level <> 'low'")), UniqueConstraint("code", "level"),
                      CheckConstraint("level <> 'low' OR length(code) > 1", name="level"))
'''

ONE = Case(
    kind="change_enum",
    blue=BLUE,
    green=BLUE.replace('"low", "lost", "high\'s"', '"high\'s", "low"').replace(', info={"bgmigrate": {"never_writes": ["lost"]}}', ""),
    seed="""INSERT INTO tickets (code, level, "Was") SELECT 'c' || i, (ARRAY['low','high''s'])[i % 2 + 1]::"Level", 'low' FROM generate_series(1, 300) i;""",
    blue_writes=(
        insert("tickets", lambda n: {"code": f"blue {n}", "Was": None}),
        insert("tickets", lambda n: {"code": f"bl {n}", "level": "low", "Was": "high's"}),
        update("tickets", lambda n: n % 20 + 1, lambda n: {"level": "low" if n % 2 else "high's", "Was": "low"}),
    ),
    green_writes=(
        insert("tickets", lambda n: {"code": f"green {n}", "level": "high's"}),
        update("tickets", lambda n: n % 20 + 5, lambda n: {"level": "low", "Was": "high's" if n % 2 else "low"}),
    ),
    seen=(Seen(table="tickets"),),
    changes=("Level", "level"),
    final=(("SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder", [("high's",), ("low",)]),),
)

HEAD = """
class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum({labels}, name="state"), server_default="open", index=True{hint})
    past: Mapped[list] = mapped_column(ARRAY(Enum({labels}, name="state")), server_default="{{}}"{hint})
    title: Mapped[str | None] = mapped_column({renamed})

class Comment(Base):
    __tablename__ = "Comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    was: Mapped[str | None] = mapped_column("Was", Enum({labels}, name="state"){hint})
"""
NEVER = ', info={"bgmigrate": {"never_writes": ["lost"]}}'
SEVERAL = Case(
    kind="change_enum",
    name="enum_of_several_tables",
    blue=HEAD.format(labels='"open", "lost", "done"', hint=NEVER, renamed="Text"),
    green=HEAD.format(labels='"done", "open"', hint="", renamed='"Title", Text, info={"bgmigrate": {"renamed_from": "title"}}'),
    seed="""
INSERT INTO tickets (state, past) SELECT (ARRAY['open','done'])[i % 2 + 1]::state, ARRAY['open', 'done']::state[] FROM generate_series(1, 200) i;
INSERT INTO "Comments" ("Was") SELECT NULLIF('open', CASE WHEN i % 3 = 0 THEN 'open' END)::state FROM generate_series(1, 200) i;
""",
    blue_writes=(
        insert("tickets", lambda n: {"past": ["open", "done"], "title": f"b{n}"}),
        update("tickets", lambda n: n % 20 + 1, lambda n: {"state": "done" if n % 2 else "open", "past": ["done"], "title": f"b{n}"}),
        insert("Comments", lambda n: {"Was": "done"}),
    ),
    green_writes=(
        insert("tickets", lambda n: {"state": "done", "past": [], "Title": f"g{n}"}),
        update("tickets", lambda n: n % 20 + 5, lambda n: {"state": "open", "past": ["open"], "Title": None}),
        update("Comments", lambda n: n % 20 + 1, lambda n: {"Was": None if n % 2 else "done"}),
    ),
    seen=(Seen(table="tickets", to_green=lambda b: {"Title": b["title"]}, to_blue=lambda g: {"title": g["Title"]}), Seen(table="Comments")),
    changes=("state", "past", "Title"),
    final=(("SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder", [("done",), ("open",)]),),
)
CASES = (ONE, SEVERAL)
