"""Checks of the same name with other texts: a stricter one, a looser one, and one of which PostgreSQL proves neither."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = (CheckConstraint("{strict}", name="strict"), CheckConstraint("{loose}", name="loose"), CheckConstraint("{other}", name="other"))
    id: Mapped[int] = mapped_column(primary_key=True)
    strict: Mapped[int | None]
    loose: Mapped[int | None]
    other: Mapped[str] = mapped_column(Text)
'''
CASE = Case(
    kind="change_check",
    blue=HEAD.format(strict="strict > 0", loose="loose > 100", other="other <> 'x'"),
    green=HEAD.format(strict="strict > 10", loose="loose > 50", other="other >= 'o'"),
    seed="INSERT INTO readings (strict, loose, other) SELECT NULLIF(i + 10, 11), NULLIF(i + 100, 107), 'o' || i FROM generate_series(1, 300) i",
    blue_writes=(
        insert("readings", lambda n: {"strict": 11 + n, "loose": 101 + n, "other": "ob"}),
        update("readings", lambda n: n % 20 + 1, lambda n: {"strict": None if n % 2 else n + 20, "loose": None if n % 3 else n + 200}),
    ),
    green_writes=(
        insert("readings", lambda n: {"strict": 11 + n, "loose": 51 + n % 40, "other": "og"}),
        update("readings", lambda n: n % 20 + 5, lambda n: {"loose": 60, "strict": None, "other": "o"}),
    ),
    seen=(Seen(table="readings"),),
    clean_up="UPDATE readings SET loose = 101 WHERE loose < 101",
    changes=("ck_readings_strict", "ck_readings_loose", "ck_readings_other"),
    final=(("SELECT conname::text FROM pg_constraint WHERE conrelid = 'readings'::regclass AND contype = 'c' ORDER BY 1",
            [("ck_readings_loose",), ("ck_readings_other",), ("ck_readings_strict",)]),),
)
