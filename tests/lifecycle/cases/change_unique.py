"""Unique constraints of the same name: other columns, other NULLS; one that blue obeys, one whose old form green's writes break."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Seat(Base):
    __tablename__ = "seats"
    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int | None] = mapped_column("Row")
    number: Mapped[int]
    guest: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (UniqueConstraint({wider}, name="wider"), UniqueConstraint("number"{nulls}, name="nulls"), UniqueConstraint({goes}, name="goes"),
                      UniqueConstraint("guest", "Row"{later}, name="later"){info})
'''
CASE = Case(
    kind="change_unique",
    blue=HEAD.format(wider='"Row"', nulls="", goes='"guest"', later="", info=""),
    green=HEAD.format(
        wider='"Row", "number"', nulls=", postgresql_nulls_not_distinct=True", goes='"guest", "number"', later=", deferrable=True",
        info=', {"info": {"bgmigrate": {"drop_in_expand": ["goes"], "blue_satisfies": ["goes", "nulls"]}}}',
    ),
    seed="""INSERT INTO seats ("Row", number, guest) SELECT NULLIF(i, 5), i, NULLIF('g' || i, 'g8') FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("seats", lambda n: {"Row": 5000 + n, "number": 5000 + n, "guest": f"b{n}"}),
        update("seats", lambda n: n % 20 + 1, lambda n: {"guest": f"bu{n}"}),
    ),
    green_writes=(
        insert("seats", lambda n: {"Row": 90000 + n, "number": 90000 + n, "guest": "same"}),
        update("seats", lambda n: n % 20 + 40, lambda n: {"guest": None}),
    ),
    seen=(Seen(table="seats"),),
    clean_up="UPDATE seats SET guest = NULL WHERE guest = 'same'",
    obeyed=("goes",),
    changes=("wider", "nulls", "goes", "later"),
)
