"""Columns whose default differs from row to row: each row gets one value, once, and nothing is rewritten."""

from tests.lifecycle.case import Case, Seen, given, insert, update

BLUE = '''
class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="add_volatile_column",
    blue=BLUE,
    green=BLUE + '''
    token = mapped_column(Uuid, nullable=False, server_default=text("gen_random_uuid()"))
    weight: Mapped[float | None] = mapped_column("the Weight", Double, server_default=text("random()"))
    seen_at = mapped_column(DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()"))
''',
    seed="INSERT INTO jobs (kind) SELECT NULLIF('jöb ' || i, 'jöb 5') FROM generate_series(1, 700) i",
    blue_writes=(
        insert("jobs", lambda n: {"kind": f"blue {n}"}),
        update("jobs", lambda n: n % 20 + 1, lambda n: {"kind": f"b{n}"}),
    ),
    green_writes=(
        insert("jobs", lambda n: {"kind": f"green {n}"}),
        update("jobs", lambda n: n % 20 + 30, lambda n: {"the Weight": None if n % 2 else n / 8}),
    ),
    seen=(Seen(table="jobs", to_green=lambda blue: {"token": given, "the Weight": given, "seen_at": given}),),
    changes=("token", "the Weight", "seen_at"),
    final=(("SELECT count(*) - count(DISTINCT token) FROM jobs", [(0,)]),),
)
