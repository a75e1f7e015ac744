"""Columns that number themselves from now on, and the rows that were there: an identity of each sort, one of them going down, and a serial key."""

from tests.lifecycle.case import Case, Seen, given, insert, update

BLUE = '''
class Ticket(Base):
    __tablename__ = "The Tickets"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="add_numbered_column",
    blue=BLUE,
    green=BLUE + '''
    number: Mapped[int] = mapped_column("Number's", BigInteger, Identity(always=True, start=100, increment=5))
    rank: Mapped[int] = mapped_column(Identity(increment=-1, minvalue=-100000, maxvalue=-1, start=-1), comment="from the last")
''',
    seed="""INSERT INTO "The Tickets" (title) SELECT NULLIF('t' || i, 't5') FROM generate_series(1, 400) i""",
    blue_writes=(
        insert("The Tickets", lambda n: {"title": f"blue {n}"}),
        update("The Tickets", lambda n: n % 20 + 1, lambda n: {"title": f"b{n}"}),
    ),
    green_writes=(
        insert("The Tickets", lambda n: {"title": f"green {n}"}),
        update("The Tickets", lambda n: n % 20 + 30, lambda n: {"title": None}),
    ),
    seen=(Seen(table="The Tickets", to_green=lambda blue: {"Number's": given, "rank": given}),),
    changes=("Number's", "rank"),
    final=(
        ("""SELECT count(*) - count(DISTINCT "Number's"), count(*) - count(DISTINCT rank), max(rank) < 0 FROM "The Tickets" """, [(0, 0, True)]),
        ("""SELECT bool_and("Number's" % 5 = 0), min("Number's") >= 100 FROM "The Tickets" """, [(True, True)]),
        (
            """WITH new AS (INSERT INTO "The Tickets" DEFAULT VALUES RETURNING "Number's", rank)
               SELECT new."Number's" > max(t."Number's"), new.rank < min(t.rank) FROM new, "The Tickets" t GROUP BY new."Number's", new.rank""",
            [(True, True)],
        ),
    ),
)
