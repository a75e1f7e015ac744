"""Sequences by themselves: a new one that a new column draws from, one that gets room, one that counts otherwise, one that goes."""

from tests.lifecycle.case import Case, Seen, given, insert, update

CASE = Case(
    kind="sequence",
    blue='''
wide = Sequence("ticket's numbers", data_type=Integer, maxvalue=100000, metadata=Base.metadata)
steps = Sequence("steps", start=7, metadata=Base.metadata)
gone = Sequence("gone numbers", metadata=Base.metadata)

class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, wide)
    step: Mapped[int | None] = mapped_column(server_default=steps.next_value())
    old: Mapped[int | None] = mapped_column(server_default=gone.next_value())
''',
    green='''
wide = Sequence("ticket's numbers", data_type=BigInteger, maxvalue=9000000000, metadata=Base.metadata)
steps = Sequence("steps", start=7, increment=10, metadata=Base.metadata)
fresh = Sequence("Fresh ☕", start=500, increment=-1, minvalue=-500000, maxvalue=500, metadata=Base.metadata)

class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, wide)
    step: Mapped[int | None] = mapped_column(server_default=steps.next_value())
    badge: Mapped[int] = mapped_column(BigInteger, server_default=fresh.next_value())
''',
    seed="""INSERT INTO tickets (number) SELECT nextval('"ticket''s numbers"') FROM generate_series(1, 300) i""",
    green_seed="""INSERT INTO tickets (number) SELECT nextval('"ticket''s numbers"') FROM generate_series(1, 3) i""",
    blue_writes=(
        insert("tickets", lambda n: {"old": 1}),
        update("tickets", lambda n: n % 20 + 1, lambda n: {"step": None}),
    ),
    green_writes=(
        insert("tickets", lambda n: {}),
        update("tickets", lambda n: n % 20 + 30, lambda n: {"step": n}),
    ),
    seen=(Seen(table="tickets", to_green=lambda blue: {"badge": given}, to_blue=lambda green: {"old": given}),),
    changes=("Fresh ☕", "ticket's numbers", "steps", "gone numbers"),
    final=(
        ("SELECT count(*) - count(DISTINCT badge), max(badge) <= 500 FROM tickets", [(0, True)]),
        ("SELECT to_regclass('\"gone numbers\"')::text", [(None,)]),
        ("SELECT count(*) FROM tickets WHERE badge IS NULL", [(0,)]),
        ("SELECT increment_by, max_value > 2 ^ 31 FROM pg_sequences WHERE sequencename IN ('steps', 'ticket''s numbers') ORDER BY 1", [(1, True), (10, True)]),
        ("SELECT setval('\"ticket''s numbers\"', 8000000000)", [(8000000000,)]),
    ),
)
