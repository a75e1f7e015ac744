"""Columns that may be NULL from now on, one of them with an awkward name."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str{null}] = mapped_column("La\\"bel", Text)
    size: Mapped[int{null}] = mapped_column(server_default="1")
'''
CASE = Case(
    kind="drop_not_null",
    blue=HEAD.format(null=""),
    green=HEAD.format(null=" | None"),
    seed="""INSERT INTO items ("La""bel", size) SELECT 'l' || i, i FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("items", lambda n: {'La"bel': f"blue {n}"}),
        update("items", lambda n: n % 20 + 1, lambda n: {'La"bel': f"b{n}", "size": n}),
    ),
    green_writes=(
        insert("items", lambda n: {'La"bel': None if n % 2 else f"green {n}", "size": None}),
        update("items", lambda n: n % 20 + 40, lambda n: {"size": None}),
    ),
    seen=(Seen(table="items"),),
    clean_up="""UPDATE items SET "La""bel" = coalesce("La""bel", 'none'), size = coalesce(size, 0)""",
    changes=('La"bel', "size"),
    catalog_only=("items",),
    contracts=False,
)
