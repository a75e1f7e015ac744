"""Exclusion constraints that only green has: ranges that may not overlap, with a predicate, and one by equality."""

from sqlalchemy.dialects.postgresql import Range

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint

class Stay(Base):
    __tablename__ = "Stays"
    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[object | None] = mapped_column("Time", INT4RANGE)
    kept: Mapped[bool] = mapped_column(server_default="true")
    code: Mapped[str | None] = mapped_column(Text)
    __table_args__ = ({things})
'''
CASE = Case(
    kind="add_exclusion",
    blue=HEAD.format(things=""),
    green=HEAD.format(things='''ExcludeConstraint(("Time", "&&"), where=text("kept"), name="no overlap"),
                      ExcludeConstraint(("code", "="), using="btree", name="once", deferrable=True, initially="DEFERRED")'''),
    seed="""INSERT INTO "Stays" ("Time", kept, code) SELECT int4range(i * 10, i * 10 + 5), true, NULLIF('c' || i, 'c8') FROM generate_series(1, 200) i;
INSERT INTO "Stays" ("Time", kept) VALUES (int4range(10, 2000), false)""",
    blue_writes=(
        insert("Stays", lambda n: {"Time": Range(n * 10 + 100000, n * 10 + 100005), "code": f"b{n}"}),
        update("Stays", lambda n: n % 20 + 1, lambda n: {"code": f"bu{n}"}),
    ),
    green_writes=(
        insert("Stays", lambda n: {"Time": Range(n * 10 + 900000, n * 10 + 900005), "code": f"g{n}"}),
        update("Stays", lambda n: n % 20 + 40, lambda n: {"Time": None}),
    ),
    seen=(Seen(table="Stays"),),
    changes=("no overlap", "once"),
)
