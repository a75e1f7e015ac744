"""Checks that only green has: one that blue may break until it is gone, one that blue is known to obey, one on a column that is new."""

from tests.lifecycle.case import Case, Seen, anything, insert, update

HEAD = '''
class Stock(Base):
    __tablename__ = "Stöck"
    __table_args__ = ({checks})
    id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int | None] = mapped_column("Count")
    kind: Mapped[str] = mapped_column(Text)
'''
CASE = Case(
    kind="add_check",
    obeyed=("ck_Stöck_kind",),
    blue=HEAD.format(checks=""),
    green=HEAD.format(checks='''CheckConstraint('"Count" > 0 AND "Count" <> 13', name="count %"), CheckConstraint("kind IN ('a', 'b''s')", name="kind"),
                      CheckConstraint("size IS NULL OR size > 1", name="size"), {"info": {"bgmigrate": {"blue_satisfies": ["ck_Stöck_kind"]}}}''')
    + "    size: Mapped[int | None]\n",
    seed="""INSERT INTO "Stöck" ("Count", kind) SELECT NULLIF(i, 13), 'a' FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("Stöck", lambda n: {"Count": 14 + n, "kind": "b's"}),
        update("Stöck", lambda n: n % 20 + 1, lambda n: {"Count": None if n % 2 else n + 20}),
    ),
    green_writes=(
        insert("Stöck", lambda n: {"Count": 14 + n, "kind": "a", "size": 2 + n}),
        update("Stöck", lambda n: n % 20 + 5, lambda n: {"size": None}),
    ),
    seen=(Seen(table="Stöck", to_green=lambda blue: {"size": anything}),),
    changes=("ck_Stöck_count %", "ck_Stöck_kind", "ck_Stöck_size"),
)
