"""Values in front, between and behind; green promises not to write them yet where blue reads, and writes one into a column of its own."""

from tests.lifecycle.case import Case, Seen, insert, update

MODELS = '''
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Enum("new", "paid", name="Order 'status'"))
    note: Mapped[str | None] = mapped_column(Text)
'''
GREEN = '''
STATUS = Enum("draft", "new", "it's back", "lost", "paid", "gone", name="Order 'status'")
''' + MODELS.replace(
    """Enum("new", "paid", name="Order 'status'")""", """STATUS, info={"bgmigrate": {"never_writes": ["draft", "it's back", "lost", "gone"]}}"""
) + '''
    step: Mapped[str] = mapped_column(STATUS, server_default="lost")
'''

CASE = Case(
    kind="enum_add_value",
    blue=MODELS,
    green=GREEN,
    seed="INSERT INTO orders (status, note) SELECT (ARRAY['new','paid'])[i % 2 + 1]::\"Order 'status'\", 'ü' || i FROM generate_series(1, 300) i;",
    blue_writes=(
        insert("orders", lambda n: {"status": "paid", "note": f"blue {n}"}),
        update("orders", lambda n: n % 20 + 1, lambda n: {"status": "new" if n % 2 else "paid"}),
    ),
    green_writes=(
        insert("orders", lambda n: {"status": "new", "step": "gone" if n % 2 else "draft"}),
        update("orders", lambda n: n % 20 + 1, lambda n: {"status": "paid", "note": f"green {n}"}),
    ),
    seen=(Seen(table="orders"),),
    changes=("Order 'status'", "orders.status"),
    catalog_only=("orders",),
    stays=("Order 'status'",),
    contracts=False,
    final=(
        (
            "SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder",
            [("draft",), ("new",), ("it's back",), ("lost",), ("paid",), ("gone",)],
        ),
        ("INSERT INTO orders (status) VALUES ('lost') RETURNING status::text, step::text", [("lost", "lost")]),
    ),
)
