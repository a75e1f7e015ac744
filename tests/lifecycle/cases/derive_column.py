"""NOT NULL columns computed from blue's row; one awkwardly named; one that green may leave NULL."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

BLUE = '''
class Product(Base):
    __tablename__ = "Products of 'us'"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    price: Mapped[int | None]
'''


def to_green(blue: Row) -> Row:
    band = None if blue["price"] is None else "high" if blue["price"] > 100 else "low"
    return {"Kategorie ☕": blue["name"] + "-category", "band": band}


CASE = Case(
    kind="derive_column",
    blue=BLUE,
    green=BLUE + '''
    category: Mapped[str] = mapped_column("Kategorie ☕", String(300), index=True, info={"bgmigrate": {"forward": "name || '-category'"}})
    band: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"forward": "CASE WHEN price > 100 THEN 'high' WHEN price IS NOT NULL THEN 'low' END"}})
''',
    seed="""
INSERT INTO "Products of 'us'" (name, price) SELECT 'product ' || i, NULLIF(i % 250, 9) FROM generate_series(1, 400) i;
INSERT INTO "Products of 'us'" (name, price) VALUES ('', NULL), ('名前 ☕', 0), ('it''s a "%s" :name \\', 2147483647), (repeat('x', 250), -1);
""",
    blue_writes=(
        insert("Products of 'us'", lambda n: {"name": f"blue é{n}", "price": None if n % 2 else n * 20}),
        update("Products of 'us'", lambda n: n % 20 + 1, lambda n: {"price": n % 200}),
        update("Products of 'us'", lambda n: n % 20 + 21, lambda n: {"name": f"b{n}"}),
    ),
    green_writes=(
        insert("Products of 'us'", lambda n: {"name": f"green {n}", "price": 5, "Kategorie ☕": f"own {n}", "band": "own"}),
        update("Products of 'us'", lambda n: n % 20 + 51, lambda n: {"Kategorie ☕": f"set {n}", "band": None}),
    ),
    seen=(Seen(table="Products of 'us'", to_green=to_green),),
    changes=("Kategorie ☕", "band"),
)
