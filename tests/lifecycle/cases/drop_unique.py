"""Unique constraints that green has no more: one stays until contract, one goes before because green writes duplicates."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Name(Base):
    __tablename__ = "names"
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str | None] = mapped_column(Text)
    last: Mapped[str | None] = mapped_column(Text)
    __table_args__ = ({things})
'''
CASE = Case(
    kind="drop_unique",
    blue=HEAD.format(things='UniqueConstraint("first"), UniqueConstraint("last", name="uq last", deferrable=True, postgresql_include=["first"])'),
    green=HEAD.format(things='{"info": {"bgmigrate": {"drop_in_expand": ["uq last"]}}}'),
    seed="INSERT INTO names (first, last) SELECT 'f' || i, NULLIF('l' || i, 'l7') FROM generate_series(1, 300) i",
    blue_writes=(
        insert("names", lambda n: {"first": f"b{n}", "last": f"b{n}"}),
        update("names", lambda n: n % 20 + 1, lambda n: {"first": f"bu{n}"}),
    ),
    green_writes=(
        insert("names", lambda n: {"first": f"g{n}", "last": "same"}),
        update("names", lambda n: n % 20 + 40, lambda n: {"last": "too"}),
    ),
    seen=(Seen(table="names"),),
    clean_up="UPDATE names SET last = NULL WHERE last IN ('same', 'too')",
    changes=("uq_names_first", "uq last"),
)
