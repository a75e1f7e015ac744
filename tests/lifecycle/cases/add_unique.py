"""Unique constraints that only green has: composite, NULLS NOT DISTINCT with INCLUDE, deferrable, one that blue obeys, one of a unique index that is there."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Code(Base):
    __tablename__ = "Code's"
    __table_args__ = ({things})
    id: Mapped[int] = mapped_column(primary_key=True)
    area: Mapped[int | None]
    code: Mapped[str | None] = mapped_column("Code", Text)
    once: Mapped[str | None] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(Text)
    ready: Mapped[int | None]
'''
CASE = Case(
    kind="add_unique",
    obeyed=("uq_Code's_token",),
    blue=HEAD.format(things='Index("ix ready", "ready", unique=True),'),
    green=HEAD.format(things='''UniqueConstraint("area", "Code", name="uq area code"),
                      UniqueConstraint("once", name="uq_once", postgresql_nulls_not_distinct=True, postgresql_include=["area"], deferrable=True),
                      UniqueConstraint("token"), UniqueConstraint("ready", name="uq_ready"), {"info": {"bgmigrate": {"blue_satisfies": ["uq_Code's_token"]}}}'''),
    seed="""INSERT INTO "Code's" (area, "Code", once, token, ready) SELECT NULLIF(i % 9, 0), NULLIF('c' || i, 'c18'), 'o' || i, 't' || i, i
FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("Code's", lambda n: {"area": n, "Code": f"b{n}", "once": f"b{n}", "token": f"b{n}"}),
        insert("Code's", lambda n: {"area": n, "Code": None, "once": f"bb{n}", "token": None}),
        update("Code's", lambda n: n % 20 + 1, lambda n: {"Code": f"bu{n}", "area": n}),
    ),
    green_writes=(
        insert("Code's", lambda n: {"area": n, "Code": f"g{n}", "once": f"g{n}", "token": f"g{n}"}),
        update("Code's", lambda n: n % 20 + 40, lambda n: {"Code": None, "area": None}),
    ),
    seen=(Seen(table="Code's"),),
    changes=("uq area code", "uq_once", "uq_Code's_token", "uq_ready"),
)
