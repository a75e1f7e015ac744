"""Exclusion constraints that green has no more: one stays until contract, one goes before because green's writes break it."""

from sqlalchemy.dialects.postgresql import Range

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint

class Stay(Base):
    __tablename__ = "stays"
    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[object | None] = mapped_column(INT4RANGE)
    code: Mapped[str | None] = mapped_column(Text)
    __table_args__ = ({things})
'''
CASE = Case(
    kind="drop_exclusion",
    blue=HEAD.format(things='ExcludeConstraint(("time", "&&"), name="no overlap"), ExcludeConstraint(("code", "="), using="btree", name="once")'),
    green=HEAD.format(things='{"info": {"bgmigrate": {"drop_in_expand": ["once"]}}}'),
    seed="INSERT INTO stays (time, code) SELECT int4range(i * 10, i * 10 + 5), NULLIF('c' || i, 'c8') FROM generate_series(1, 200) i",
    blue_writes=(
        insert("stays", lambda n: {"time": Range(n * 10 + 100000, n * 10 + 100005), "code": f"b{n}"}),
        update("stays", lambda n: n % 20 + 1, lambda n: {"code": f"bu{n}"}),
    ),
    green_writes=(
        insert("stays", lambda n: {"time": Range(n * 10 + 900000, n * 10 + 900005), "code": "same"}),
        update("stays", lambda n: n % 20 + 40, lambda n: {"code": "too"}),
    ),
    seen=(Seen(table="stays"),),
    clean_up="UPDATE stays SET code = NULL WHERE code IN ('same', 'too')",
    changes=("no overlap", "once"),
)
