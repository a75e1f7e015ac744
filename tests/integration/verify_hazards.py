"""The hazards of group 2: for each a change that breaks a version, and one like it that does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.integration.verifying import PLAIN


@dataclass(frozen=True, kw_only=True)
class Change:
    """Two versions and the schema that they are to share: `schema`'s models (green's when left out) and more SQL.

    `finds`: (code, version, table, column) of the errors; empty for a change that harms nobody. `warns`: codes of its warnings.
    """

    blue: str
    green: str
    schema: str = ""
    sql: tuple[str, ...] = ()
    finds: frozenset[tuple[str, str, str | None, str | None]] = frozenset()
    warns: frozenset[str] = frozenset()
    sends: str = ""  # what blue's service sends
    blue_driver: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """`breaks` and its twin."""

    name: str
    breaks: Change
    twin: Change
    also: tuple[Change, ...] = field(default=())  # further forms of it that can be told


def found(*errors: tuple[str, str, str | None, str | None]) -> frozenset[tuple[str, str, str | None, str | None]]:
    """As `finds` has it."""
    return frozenset(errors)


def model(columns: str, *, table: str = "users", name: str = "User", args: str = "") -> str:
    """One class with a key and these columns."""
    lines = [f"    {line.strip()}" for line in columns.split(";") if line.strip()]
    return "\n".join((
        f"class {name}(Base):", f'    __tablename__ = "{table}"', *((f"    {args}",) if args else ()),
        "    id: Mapped[int] = mapped_column(primary_key=True)", *lines, "",
    ))


def one(columns: str, **how: str) -> str:
    """A version with one class."""
    return PLAIN + model(columns, **how)


NAME = "name: Mapped[str] = mapped_column(String(80))"
NOTE = "note: Mapped[str | None] = mapped_column(Text)"
USERS, WITH_NOTE = one(NAME), one(f"{NAME}; {NOTE}")
REQUIRED_NOTE = one(f"{NAME}; note: Mapped[str] = mapped_column(Text)")
PEOPLE = one(NAME, table="people", args='__table_args__ = {"info": {"bgmigrate": {"renamed_from": "users"}}}')
IN_SCHEMA = one(NAME, args='__table_args__ = {"schema": "shop"}')
TWO = USERS + model(NAME, table="tags", name="Tag")
FILLED = (
    "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := COALESCE(NEW.note, ''); RETURN NEW; END $$",
    "CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fill()",
)
STRIP = PLAIN + """
class Strip(TypeDecorator):
    impl = Text
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return value
    def process_result_value(self, value, dialect):
        return value.strip()
"""


def status(*labels: str, default: str = "", info: str = "") -> str:
    """An enum column."""
    more = "".join((f', server_default="{default}"' if default else "", f", info={info}" if info else ""))
    return f"""status = mapped_column(Enum({', '.join(f'"{label}"' for label in labels)}, name="status"), nullable=False{more})"""


ANIMALS = PLAIN + """
class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str | None] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
"""
DOG = """
class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}
"""
DEFAULTED = one(f"{NAME}; level: Mapped[str] = mapped_column(String(9), server_default='low')")
SETS_IT = one(f"{NAME}; level: Mapped[str] = mapped_column(String(9), default='low')")
VIEWED = one(f"{NAME}; {NOTE}") + model(NOTE, table="notes", name="Note")
UNVIEWED = one(NAME) + model("", table="notes", name="Note")
WITH_VIEW = "CREATE VIEW notes AS SELECT id, note FROM users"
BAG = "bag = mapped_column(postgresql.{t})"


def keyed(type_: str, automatic: str) -> str:
    """A version whose key is written by the application, or numbers itself."""
    return PLAIN + f"""
class Device(Base):
    __tablename__ = "devices"
    serial: Mapped[int] = mapped_column({type_}, primary_key=True, autoincrement={automatic})
    name: Mapped[str | None] = mapped_column(Text)
"""


HAZARDS = {
    "BGM201": Hazard(
        name="rename-column",
        breaks=Change(
            blue=USERS, green=one("full_name: Mapped[str] = mapped_column(String(80))"),
            finds=found(("BGM802", "blue", "users", "name"), ("BGM801", "blue", "users", "full_name")),
        ),
        twin=Change(blue=USERS, green=one('full_name: Mapped[str] = mapped_column("name", String(80))')),
    ),
    "BGM202": Hazard(
        name="rename-table",
        breaks=Change(blue=USERS, green=PEOPLE, finds=found(("BGM802", "blue", "users", None))),
        twin=Change(blue=USERS, green=PEOPLE, sql=("CREATE VIEW users AS SELECT * FROM people",)),
    ),
    "BGM203": Hazard(
        name="rename-schema",
        breaks=Change(blue=USERS, green=IN_SCHEMA, schema=USERS, sql=("CREATE SCHEMA shop", "ALTER TABLE users SET SCHEMA shop"),
                      finds=found(("BGM802", "blue", "users", None))),
        twin=Change(blue=USERS, green=IN_SCHEMA, schema=USERS, sql=(
            "CREATE SCHEMA shop", "ALTER TABLE users SET SCHEMA shop",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, shop', current_database()); END $$",
        )),
    ),
    "BGM204": Hazard(
        name="drop-column-in-use",
        breaks=Change(blue=WITH_NOTE, green=USERS, finds=found(("BGM802", "blue", "users", "note"))),
        twin=Change(blue=USERS, green=USERS, schema=WITH_NOTE, sql=("ALTER TABLE users DROP COLUMN note",)),
    ),
    "BGM205": Hazard(
        name="drop-table-in-use",
        breaks=Change(blue=TWO, green=USERS, finds=found(("BGM802", "blue", "tags", None))),
        twin=Change(blue=TWO, green=USERS, schema=TWO),
    ),
    "BGM206": Hazard(
        name="add-required-column",
        breaks=Change(blue=USERS, green=REQUIRED_NOTE, finds=found(("BGM801", "blue", "users", "note"))),
        twin=Change(blue=USERS, green=one(f"{NAME}; note: Mapped[str] = mapped_column(Text, server_default='')")),
    ),
    "BGM207": Hazard(
        name="not-null-while-blue-writes",
        # a default is not enough: SQLAlchemy sends NULL for what was not set
        breaks=Change(blue=WITH_NOTE, green=REQUIRED_NOTE, sql=("ALTER TABLE users ALTER note SET DEFAULT ''",),
                      finds=found(("BGM801", "blue", "users", "note"))),
        twin=Change(blue=WITH_NOTE, green=REQUIRED_NOTE, sql=FILLED),
    ),
    "BGM208": Hazard(
        name="drop-not-null",
        breaks=Change(
            blue=STRIP + model("note = mapped_column(Strip, nullable=False)"), green=one(NOTE), finds=found(("BGM804", "blue", "users", "note")),
        ),
        twin=Change(blue=one("note: Mapped[str] = mapped_column(Text)"), green=one(NOTE), warns=frozenset({"BGM805"})),
    ),
    "BGM209": Hazard(
        name="change-default",
        breaks=Change(blue=DEFAULTED, green=SETS_IT, finds=found(("BGM801", "blue", "users", "level"))),
        twin=Change(blue=DEFAULTED, green=DEFAULTED.replace("low", "high")),
        also=(Change(
            blue=one(status("new", default="new")), green=one(status("new", "old", default="old")),
            finds=found(("BGM804", "blue", "users", "status"), ("BGM801", "blue", "users", None)),  # its own INSERT gets the default, too
        ),),
    ),
    "BGM210": Hazard(
        name="new-constraint-rejects-blue",
        breaks=Change(
            blue=WITH_NOTE, green=one(f"{NAME}; {NOTE}", args="__table_args__ = (CheckConstraint('note IS NOT NULL', name='noted'),)"),
            finds=found(("BGM801", "blue", "users", "note")),
        ),
        twin=Change(
            blue=one(f"{NAME}; {NOTE}", args="__table_args__ = (CheckConstraint('length(name) > 2'),)"),
            green=one(f"{NAME}; {NOTE}", args="__table_args__ = (CheckConstraint('length(name) > 2'),)"),
        ),
        # whether these refuse anything depends on what blue writes
        also=tuple(
            Change(blue=WITH_NOTE, green=WITH_NOTE.replace("class User(Base):", f"class User(Base):\n    __table_args__ = ({c},)"), sql=sql,
                   warns=frozenset({"BGM210"}))
            for c, sql in (
                ("CheckConstraint(\"note IN ('a', 'b') OR note IS NULL\", name='known')", ()),
                ("UniqueConstraint('name', name='once')", ()),
                ("postgresql.ExcludeConstraint(('name', '='), using='btree', name='apart')", ()),
            )
        ),
    ),
    "BGM211": Hazard(
        name="enum-add-value",
        breaks=Change(blue=one(status("new")), green=one(status("new", "paid")), finds=found(("BGM804", "blue", "users", "status"))),
        twin=Change(blue=one(status("new")), green=one(status("new", "paid", info='{"bgmigrate": {"never_writes": ["paid"]}}'))),
    ),
    "BGM212": Hazard(
        name="enum-rename-or-remove",
        breaks=Change(
            blue=one(status("new", "paid")), green=one(status("new", "settled")),
            finds=found(("BGM801", "blue", "users", "status"), ("BGM804", "blue", "users", "status")),
        ),
        twin=Change(blue=one(status("new", "paid")), green=PLAIN + "class Status(enum.Enum):\n    NEW = 'new'\n    SETTLED = 'paid'\n" + model(
            "status = mapped_column(Enum(Status, name='status', values_callable=lambda e: [m.value for m in e]), nullable=False)"
        )),
    ),
    "BGM213": Hazard(
        name="polymorphic-discriminator",
        breaks=Change(blue=ANIMALS, green=ANIMALS + DOG, finds=found(("BGM804", "blue", "animals", None))),
        twin=Change(blue=ANIMALS + DOG, green=ANIMALS + DOG + "    breed: Mapped[str | None] = mapped_column(Text)\n"),
    ),
    "BGM214": Hazard(
        name="cached-plan-break",
        breaks=Change(blue=USERS, green=WITH_NOTE, sends="SELECT * FROM users", finds=found(("BGM214", "blue", "users", None))),
        twin=Change(blue=USERS, green=WITH_NOTE, sends="SELECT id, name FROM users"),
        also=(Change(blue=USERS, green=WITH_NOTE, sends="SELECT * FROM users", blue_driver="psycopg2"),),
    ),
    "BGM215": Hazard(
        name="dependent-view",
        breaks=Change(
            blue=VIEWED, green=USERS, schema=WITH_NOTE, sql=(WITH_VIEW, "ALTER TABLE users DROP COLUMN note CASCADE"),
            finds=found(("BGM802", "blue", "users", "note"), ("BGM802", "blue", "notes", None)),
        ),
        twin=Change(blue=UNVIEWED, green=UNVIEWED, schema=WITH_NOTE, sql=(
            WITH_VIEW, "ALTER TABLE users DROP COLUMN note CASCADE", "CREATE VIEW notes AS SELECT id FROM users",
        )),
    ),
    "BGM216": Hazard(
        name="json-column",
        breaks=Change(blue=USERS, green=one(f"{NAME}; {BAG.format(t='JSON')}"), sends="SELECT DISTINCT * FROM users",
                      finds=found(("BGM801", "blue", "users", None)), blue_driver="psycopg2"),
        twin=Change(blue=USERS, green=one(f"{NAME}; {BAG.format(t='JSONB')}"), sends="SELECT DISTINCT * FROM users", blue_driver="psycopg2"),
    ),
    "BGM217": Hazard(
        name="logical-replication-order",
        breaks=Change(blue=USERS, green=USERS, sql=("CREATE PUBLICATION out FOR TABLE users", "ALTER TABLE users REPLICA IDENTITY NOTHING"),
                      finds=found(("BGM801", "blue", "users", "name"), ("BGM801", "green", "users", "name"))),
        twin=Change(blue=USERS, green=USERS, sql=("CREATE PUBLICATION out FOR TABLE users", "ALTER TABLE users REPLICA IDENTITY FULL")),
    ),
    "BGM218": Hazard(
        name="pk-widening",
        breaks=Change(blue=keyed("Integer", "False"), green=keyed("BigInteger", "False"), finds=found(("BGM804", "blue", "devices", "serial"))),
        twin=Change(blue=keyed("Integer", "True"), green=keyed("BigInteger", "True"), warns=frozenset({"BGM218"})),
        also=(Change(blue=keyed("BigInteger", "False"), green=keyed("BigInteger", "False")),),
    ),
}
# What of them happens where verify does not look: the code, what it is, and who sees it.
ELSEWHERE = {
    "BGM215": "ALTER TYPE or DROP COLUMN that a view refuses fails in the migration itself, before there is a schema to verify: plan and rehearse refuse it",
    "BGM217": "the subscriber is another database, whose apply worker stops for want of a column: it is verified there, and lint warns of the order",
}
