"""A NOT NULL column for which green's own Python default is the value of blue's rows."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="add_column",
    name="lend_default",
    blue=BLUE,
    green=BLUE + '''
    stock: Mapped[int] = mapped_column(default=100)
    unit: Mapped[str] = mapped_column("Unit's", String(20), default="Stück 'a' %")
''',
    seed="INSERT INTO products (name) SELECT NULLIF('p' || i, 'p4') FROM generate_series(1, 300) i",
    blue_writes=(
        insert("products", lambda n: {"name": f"blue {n}"}),
        update("products", lambda n: n % 20 + 1, lambda n: {"name": f"b{n}"}),
    ),
    green_writes=(
        insert("products", lambda n: {"name": f"green {n}"}),
        insert("products", lambda n: {"name": f"green {n}", "stock": n}),
        update("products", lambda n: n % 20 + 30, lambda n: {"stock": n, "Unit's": "kg"}),
    ),
    seen=(Seen(table="products", to_green=lambda blue: {"stock": 100, "Unit's": "Stück 'a' %"}),),
    changes=("stock", "Unit's"),
)
