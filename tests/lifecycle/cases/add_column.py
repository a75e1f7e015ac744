"""Columns that blue never misses: nullable ones and one with a constant default. The rows are not touched."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="add_column",
    blue=BLUE,
    green=BLUE + '''
    description: Mapped[str | None] = mapped_column("Description 100%", Text, comment="it's free")
    rating: Mapped[int] = mapped_column(server_default="3")
    tags: Mapped[str | None] = mapped_column(String(40), server_default="a'b")
''',
    seed="INSERT INTO products (name) SELECT NULLIF('produkt ☕ ' || i, 'produkt ☕ 9') FROM generate_series(1, 300) i",
    blue_writes=(
        insert("products", lambda n: {"name": f"blue '{n}'"}),
        update("products", lambda n: n % 20 + 1, lambda n: {"name": None if n % 3 else "b"}),
    ),
    green_writes=(
        insert("products", lambda n: {"name": "grün", "Description 100%": f"d{n}", "rating": n}),
        insert("products", lambda n: {"name": "grün"}),
        update("products", lambda n: n % 20 + 30, lambda n: {"rating": n, "tags": None}),
    ),
    seen=(Seen(table="products", to_green=lambda blue: {"Description 100%": None, "rating": 3, "tags": "a'b"}),),
    changes=("Description 100%", "rating", "tags"),
    catalog_only=("products",),
    contracts=False,
)
