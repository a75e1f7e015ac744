"""A native enum becomes a text under the same name, at the end of expand: blue gets on with a text, whose order is another, green not with the enum."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="retype_column",
    name="enum_to_text",
    blue='''
class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum("open", "late", "done", name="ticket_state"), server_default="open", index=True)
    title: Mapped[str] = mapped_column(Text)
''',
    green='''
class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20), server_default="open", index=True)
    title: Mapped[str] = mapped_column(Text)
''',
    seed="INSERT INTO tickets (state, title) SELECT (ARRAY['open', 'late', 'done'])[i % 3 + 1]::ticket_state, 't' || i FROM generate_series(1, 400) i",
    blue_writes=(
        insert("tickets", lambda n: {"state": "done", "title": f"b{n}"}),
        insert("tickets", lambda n: {"title": f"b{n}"}),
        update("tickets", lambda n: n % 20 + 1, lambda n: {"state": "open" if n % 2 else "done"}),
    ),
    green_writes=(
        insert("tickets", lambda n: {"state": "done", "title": f"g{n}"}),
        update("tickets", lambda n: n % 20 + 1, lambda n: {"state": "done" if n % 2 else "open"}),
    ),
    seen=(Seen(table="tickets"),),
    changes=("state",),
)
