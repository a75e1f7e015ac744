"""Extended statistics that models make by DDL of their own: new ones (over a column that is new, too), others under the same name, and none any more."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class Place(Base):
    __tablename__ = "Places"
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str | None] = mapped_column(Text)
    zip: Mapped[str | None] = mapped_column("Zip's", Text)
'''
CASE = Case(
    kind="statistics",
    blue=HEAD + '''
ddl('CREATE STATISTICS changing (ndistinct) ON city, id FROM "Places"')
ddl('CREATE STATISTICS "Old ones" ON city, "Zip\\'s" FROM "Places"')
''',
    green=HEAD + '''
    country: Mapped[str | None] = mapped_column(Text)

ddl('CREATE STATISTICS changing (dependencies) ON city, id FROM "Places"')
ddl('CREATE STATISTICS "New ones" ON country, "Zip\\'s" FROM "Places"')
''',
    seed="""INSERT INTO "Places" (city, "Zip's") SELECT NULLIF('c' || i, 'c7'), i FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("Places", lambda n: {"city": f"blue {n}"}),
        update("Places", lambda n: n % 20 + 1, lambda n: {"city": None}),
    ),
    green_writes=(
        insert("Places", lambda n: {"city": f"green {n}", "country": "g"}),
        update("Places", lambda n: n % 20 + 1, lambda n: {"Zip's": f"{n}"}),
    ),
    seen=(Seen(table="Places", to_green=lambda blue: {"country": lambda value: True}),),
    changes=("changing", "Old ones", "New ones"),
    catalog_only=("Places",),
    final=(("SELECT stxname::text, stxkind::text FROM pg_statistic_ext ORDER BY 1", [("New ones", "{d,f,m}"), ("changing", "{f}")]),),
)
