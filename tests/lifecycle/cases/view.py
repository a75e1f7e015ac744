"""Views that models make by DDL of their own: new ones, one over the other; one with other columns, whose readers keep their right; one that goes."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="view",
    blue=HEAD + '''
ddl('CREATE VIEW "All Items" AS SELECT i.id, i.name FROM items i JOIN items j ON j.id = i.id')
ddl("CREATE VIEW few AS SELECT i.id FROM items i JOIN items j ON j.id = i.id WHERE i.id < 10")
ddl("CREATE VIEW old_items AS SELECT i.id FROM items i JOIN items j ON j.id = i.id WHERE i.name LIKE 'old'")
''',
    green=HEAD + '''
    size: Mapped[int | None]

ddl('CREATE VIEW "All Items" AS SELECT i.id, i.size, i.name FROM items i JOIN items j ON j.id = i.id')
ddl("CREATE VIEW few WITH (security_invoker=true) AS SELECT i.id FROM items i JOIN items j ON j.id = i.id WHERE i.id < 20")
ddl("CREATE VIEW sized AS SELECT i.id, i.size FROM items i JOIN items j ON j.id = i.id WHERE i.size > 0")
ddl("CREATE VIEW a_few_sized AS SELECT s.id FROM sized s JOIN items i ON i.id = s.id WHERE s.size < 10")
''',
    seed="""INSERT INTO items (name) SELECT NULLIF('i' || i, 'i7') FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("items", lambda n: {"name": f"blue {n}"}),
        update("items", lambda n: n % 20 + 1, lambda n: {"name": None}),
    ),
    green_writes=(
        insert("items", lambda n: {"name": f"green {n}", "size": n}),
        update("items", lambda n: n % 20 + 1, lambda n: {"size": n}),
    ),
    seen=(Seen(table="items", to_green=lambda blue: {"size": lambda value: True}),),
    changes=("All Items", "few", "sized", "a_few_sized", "old_items"),
    catalog_only=("items",),
    final=(
        ("SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = '\"All Items\"'::regclass", [(["id", "size", "name"],)]),
        ("SELECT reloptions FROM pg_class WHERE relname = 'few'", [(["security_invoker=true"],)]),
    ),
)
