"""A check that green has no more: green writes at once what it forbade."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Score(Base):
    __tablename__ = "scores"
    {checks}
    id: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column("Po'ints")
'''
CASE = Case(
    kind="drop_check",
    blue=HEAD.format(checks="""__table_args__ = (CheckConstraint('"Po\\'ints" BETWEEN 0 AND 1000', name="in_range"),)"""),
    green=HEAD.format(checks=""),
    seed="""INSERT INTO scores ("Po'ints") SELECT i FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("scores", lambda n: {"Po'ints": n % 900}),
        update("scores", lambda n: n % 20 + 1, lambda n: {"Po'ints": n % 800}),
    ),
    green_writes=(
        insert("scores", lambda n: {"Po'ints": -n - 1}),
        update("scores", lambda n: n % 20 + 40, lambda n: {"Po'ints": 2000 + n}),
    ),
    seen=(Seen(table="scores"),),
    clean_up="""UPDATE scores SET "Po'ints" = 7 WHERE NOT "Po'ints" BETWEEN 0 AND 1000""",
    changes=("ck_scores_in_range",),
    catalog_only=("scores",),
    contracts=False,
)
