"""Storage parameters set, changed, put in another order and taken away, of tables (their TOAST table too) and of an index."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="storage_parameters",
    blue='''
class Part(Base):
    __tablename__ = "Spare parts"
    __table_args__ = (Index("ix of code", "code", postgresql_with={"fillfactor": 90}),
                      {"postgresql_with": {"autovacuum_enabled": "false", "fillfactor": 70}})
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(Text)

class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int | None] = mapped_column(index=True)
''',
    green='''
class Part(Base):
    __tablename__ = "Spare parts"
    __table_args__ = (Index("ix of code", "code", postgresql_with={"deduplicate_items": "off", "fillfactor": 60}),
                      {"postgresql_with": {"toast.autovacuum_enabled": "false", "fillfactor": 80, "autovacuum_vacuum_scale_factor": "0.05"}})
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(Text)

class Shelf(Base):
    __tablename__ = "shelves"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int | None] = mapped_column(index=True)
''',
    seed="""INSERT INTO "Spare parts" (code) SELECT NULLIF('c' || i, 'c7') FROM generate_series(1, 200) i; INSERT INTO shelves (size) VALUES (1), (NULL)""",
    blue_writes=(
        insert("Spare parts", lambda n: {"code": f"blue {n}"}),
        update("Spare parts", lambda n: n % 20 + 1, lambda n: {"code": None}),
        insert("shelves", lambda n: {"size": n}),
    ),
    green_writes=(
        insert("shelves", lambda n: {"size": None}),
        update("Spare parts", lambda n: n % 20 + 1, lambda n: {"code": f"green {n}"}),
    ),
    seen=(Seen(table="Spare parts"), Seen(table="shelves")),
    changes=("Spare parts", "ix of code", "shelves"),
    catalog_only=("Spare parts", "shelves"),
    contracts=False,
    final=(
        (
            "SELECT array_to_string(x.reloptions, ' ') FROM pg_class c JOIN pg_class x ON x.oid = c.reltoastrelid WHERE c.relname = 'Spare parts'",
            [("autovacuum_enabled=false",)],
        ),
    ),
)
