"""The hazards of one version beside the other (BGM201 to BGM218): what breaks, and what looks nearly the same and is harmless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.verifying import PLAIN

Expected = tuple[str, str, str, str | None, str | None]  # code, severity, version, table, column


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two versions on a database: `database` is whose models have built it, and `after` what was done to it then.

    `expected`: what is found; nothing of a twin, which is harmless.
    """

    hazard: str
    name: str
    blue: str
    green: str
    database: str
    after: tuple[str, ...] = ()
    expected: Expected | None = None
    statements: str = ""  # that blue sends
    environments: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What a test run calls it."""
        return f"{self.hazard}-{'twin' if self.expected is None else 'break'}-{self.name}".replace(" ", "-")


def users(*columns: str, more: str = "", table: str = "users") -> str:
    """A table `users` with these columns and a key."""
    lines = "".join(f"    {c}\n" for c in ("id: Mapped[int] = mapped_column(primary_key=True)", *columns))
    return f'{PLAIN}\nclass User(Base):\n    __tablename__ = "{table}"\n{lines}\n{more}'


NAME = "name: Mapped[str] = mapped_column(Text)"
FULL = "full_name: Mapped[str] = mapped_column(Text)"
NOTE = "note: Mapped[str | None] = mapped_column(Text)"
CHECKED = 'note: Mapped[str | None] = mapped_column(Text, CheckConstraint("note IS NOT NULL"))'
NOTED = "note: Mapped[str] = mapped_column(Text)"
BLUE = users(NAME)

# The recipe for a rename, as somebody writes it by hand.
IN_STEP = """
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' OR NEW.full_name IS DISTINCT FROM OLD.full_name THEN NEW.name := coalesce(NEW.full_name, NEW.name); END IF;
  NEW.full_name := NEW.name; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION keep()"""

ORDERS = """
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
"""
NOT_NULL = "ALTER TABLE users ALTER note SET NOT NULL"
FILLED = """
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, ''); RETURN NEW; END $$;
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fill()"""
PICKY = """
class Picky(TypeDecorator):
    impl = Text
    cache_ok = True
    def process_result_value(self, value, dialect):
        return value.strip()
"""
PICKED = PLAIN + PICKY + 'class User(Base):\n    __tablename__ = "users"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    '
STRICT, LOOSE = (PICKED + f"name = mapped_column({c})" for c in ("Picky, nullable=False", "Text"))


def state(*labels: str, more: str = "") -> str:
    """A column of an enum type."""
    return f"state = mapped_column(Enum({', '.join(map(repr, labels))}, name='user_state'){more}, nullable=False)"


def promised(*labels: str) -> str:
    return f', info={{"bgmigrate": {{"never_writes": {list(labels)!r}}}}}'


def animals(*kinds: str) -> str:
    """A hierarchy with a discriminator."""
    classes = "".join(f'class {k.title()}(User):\n    __mapper_args__ = {{"polymorphic_identity": "{k}"}}\n' for k in kinds)
    return users(NAME, "kind: Mapped[str] = mapped_column(Text)",
                 '__mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}', more=classes)


def keys(type_: str) -> str:
    return f"""{PLAIN}
class User(Base):
    __tablename__ = "users"
    id = mapped_column({type_}, primary_key=True)

class Order(Base):
    __tablename__ = "orders"
    id = mapped_column({type_}, primary_key=True)
    user_id = mapped_column(ForeignKey("users.id"), type_={type_}, nullable=False)
""".replace("ForeignKey(\"users.id\"), type_=" + type_, f'{type_}, ForeignKey("users.id")')


AGE = "age: Mapped[int] = mapped_column(Integer)"
DEFAULT = 'plan = mapped_column(Text, server_default="free", nullable=False)'
PAID = DEFAULT.replace("free", "paid")
UNIQUE = "name: Mapped[str] = mapped_column(Text, unique=True)"
EXCLUDED = '__table_args__ = (postgresql.ExcludeConstraint(("name", "="), using="btree", name="one"),)'
TEAMS = 'class Team(Base):\n    __tablename__ = "teams"\n    id: Mapped[int] = mapped_column(primary_key=True)\n'
TEAM, TEAM_KEY = (f"team_id: Mapped[int | None] = mapped_column({k}, autoincrement=False)" for k in ("Integer", 'ForeignKey("teams.id")'))
VIEW = """
class Name(Base):
    __tablename__ = "names"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
"""
VIEW_SQL = ("DROP TABLE names", "CREATE VIEW names AS SELECT id, name FROM users")
NO_KEY = 'tags = Table("tags", Base.metadata, Column("user_id", ForeignKey("users.id"){pk}), Column("tag", Text{pk}))\n'
TAGS, LOOSE_TAGS = NO_KEY.format(pk=", primary_key=True"), NO_KEY.format(pk="")
PUBLISHED = "CREATE PUBLICATION changes FOR TABLE tags"

CASES = (
    Case(hazard="BGM201", name="renamed", blue=BLUE, green=users(FULL), database=users(FULL), expected=("BGM802", "error", "blue", "users", "name")),
    Case(hazard="BGM201", name="kept in step", blue=BLUE, green=users(FULL), database=BLUE,
         after=("ALTER TABLE users ADD COLUMN full_name text, ALTER name DROP NOT NULL", IN_STEP)),
    Case(hazard="BGM201", name="attribute only", blue=BLUE, green=users('full_name: Mapped[str] = mapped_column("name", Text)'), database=BLUE),
    Case(hazard="BGM202", name="renamed", blue=BLUE, green=users(NAME, table="people"), database=users(NAME, table="people"),
         expected=("BGM802", "error", "blue", "users", None)),
    Case(hazard="BGM202", name="shown by a view", blue=BLUE, green=users(NAME, table="people"), database=users(NAME, table="people"),
         after=("CREATE VIEW users AS SELECT * FROM people",)),
    Case(hazard="BGM203", name="moved", blue=BLUE, green=users(NAME, '__table_args__ = {"schema": "crm"}'), database=BLUE,
         after=("CREATE SCHEMA crm; ALTER TABLE users SET SCHEMA crm",), expected=("BGM802", "error", "blue", "users", None)),
    Case(hazard="BGM203", name="on the search path", blue=BLUE, green=users(NAME, '__table_args__ = {"schema": "crm"}'), database=BLUE,
         after=("CREATE SCHEMA crm; ALTER TABLE users SET SCHEMA crm",
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, crm', current_database()); END $$")),
    Case(hazard="BGM204", name="dropped", blue=users(NAME, NOTE), green=BLUE, database=BLUE, expected=("BGM802", "error", "blue", "users", "note")),
    Case(hazard="BGM204", name="left required", blue=users(NAME, NOTED), green=BLUE, database=users(NAME, NOTED),
         expected=("BGM801", "error", "green", "users", "note")),
    Case(hazard="BGM204", name="no longer mapped", blue=users(NAME, NOTE), green=BLUE, database=users(NAME, NOTE)),
    Case(hazard="BGM205", name="dropped", blue=users(NAME, more=ORDERS), green=BLUE, database=BLUE, expected=("BGM802", "error", "blue", "orders", None)),
    Case(hazard="BGM205", name="left with its key", blue=users(NAME, more=ORDERS), green=BLUE, database=users(NAME, more=ORDERS),
         expected=("BGM801", "error", "green", "users", None)),
    Case(hazard="BGM205", name="left and let go", blue=users(NAME, more=ORDERS), green=BLUE, database=users(NAME, more=ORDERS),
         after=("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",)),
    Case(hazard="BGM206", name="required", blue=BLUE, green=users(NAME, NOTED), database=users(NAME, NOTED),
         expected=("BGM801", "error", "blue", "users", "note")),
    Case(hazard="BGM206", name="with a default", blue=BLUE, green=users(NAME, NOTED), database=users(NAME, NOTED),
         after=("ALTER TABLE users ALTER note SET DEFAULT ''",)),
    Case(hazard="BGM207", name="set", blue=users(NAME, NOTE), green=users(NAME, NOTED), database=users(NAME, NOTED),
         expected=("BGM801", "error", "blue", "users", "note")),
    Case(hazard="BGM207", name="by a check", blue=users(NAME, NOTE), green=users(NAME, NOTED), database=users(NAME, NOTE),
         after=("ALTER TABLE users ADD CONSTRAINT noted CHECK (note IS NOT NULL) NOT VALID",), expected=("BGM801", "error", "blue", "users", "note")),
    Case(hazard="BGM207", name="by a check as old as the table", blue=users(NAME, NOTE), green=users(NAME, NOTED), database=users(NAME, CHECKED),
         after=("CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('1')")),
    Case(hazard="BGM207", name="filled", blue=users(NAME, NOTE), green=users(NAME, NOTED), database=users(NAME, NOTED), after=(FILLED,)),
    Case(hazard="BGM208", name="read as NULL", blue=users(NAME, NOTED), green=users(NAME, NOTE), database=users(NAME, NOTE),
         expected=("BGM805", "warning", "blue", "users", "note")),
    Case(hazard="BGM208", name="a type that takes none", blue=STRICT, green=LOOSE, database=LOOSE, expected=("BGM804", "error", "blue", "users", "name")),
    Case(hazard="BGM208", name="still written", blue=users(NAME, NOTED), green=users(NAME, NOTED), database=users(NAME, NOTE)),
    Case(hazard="BGM209", name="changed", blue=users(NAME, DEFAULT), green=users(NAME, PAID), database=users(NAME, PAID),
         expected=("BGM209", "warning", "blue", "users", "plan")),
    Case(hazard="BGM209", name="given by both", blue=users(NAME, DEFAULT.replace("server_default", "default")),
         green=users(NAME, PAID.replace("server_default", "default")), database=users(NAME, PAID)),
    Case(hazard="BGM210", name="unique", blue=BLUE, green=users(UNIQUE), database=users(UNIQUE), expected=("BGM210", "warning", "blue", "users", "name")),
    Case(hazard="BGM210", name="unique for both", blue=users(UNIQUE), green=users(UNIQUE), database=users(UNIQUE)),
    Case(hazard="BGM210", name="check", blue=users(NAME, AGE), green=users(NAME, AGE, '__table_args__ = (CheckConstraint("age < 10", name="young"),)'),
         database=users(NAME, AGE, '__table_args__ = (CheckConstraint("age < 10", name="young"),)'),
         expected=("BGM210", "warning", "blue", "users", "age")),
    Case(hazard="BGM210", name="check of labels", blue=users(state("new", "old").replace("name=", "native_enum=False, name=")),
         green=users(state("new").replace("name=", "native_enum=False, create_constraint=True, name=")),
         database=users(state("new").replace("name=", "native_enum=False, create_constraint=True, length=9, name=")),
         expected=("BGM801", "error", "blue", "users", "state")),
    Case(hazard="BGM210", name="looser check", blue=users(state("new").replace("name=", "native_enum=False, create_constraint=True, length=9, name=")),
         green=users(state("new", "old", more=promised("old")).replace("name=", "native_enum=False, create_constraint=True, length=9, name=")),
         database=users(state("new", "old").replace("name=", "native_enum=False, create_constraint=True, length=9, name="))),
    Case(hazard="BGM210", name="foreign key", blue=users(TEAM, more=TEAMS), green=users(TEAM_KEY, more=TEAMS), database=users(TEAM_KEY, more=TEAMS),
         expected=("BGM210", "warning", "blue", "users", "team_id")),
    Case(hazard="BGM210", name="exclusion", blue=BLUE, green=users(NAME, EXCLUDED), database=users(NAME, EXCLUDED), expected=("BGM210", "warning", "blue", "users", "name")),
    Case(hazard="BGM211", name="written", blue=users(state("new")), green=users(state("new", "old")), database=users(state("new", "old")),
         expected=("BGM804", "error", "blue", "users", "state")),
    Case(hazard="BGM211", name="never written", blue=users(state("new")), green=users(state("new", "old", more=promised("old"))),
         database=users(state("new", "old"))),
    Case(hazard="BGM212", name="renamed", blue=users(state("new", "old")), green=users(state("new", "aged")), database=users(state("new", "old")),
         after=("ALTER TYPE user_state RENAME VALUE 'old' TO 'aged'",), expected=("BGM801", "error", "blue", "users", "state")),
    Case(hazard="BGM212", name="removed", blue=users(state("new", "old")), green=users(state("new")), database=users(state("new", "old")),
         expected=("BGM804", "error", "green", "users", "state")),
    Case(hazard="BGM212", name="both known", blue=users(state("new", "old")), green=users(state("new", "old", "aged", more=promised("aged"))),
         database=users(state("new", "old", "aged"))),
    Case(hazard="BGM213", name="new identity", blue=animals("member"), green=animals("member", "guest"), database=animals("member"),
         expected=("BGM804", "error", "blue", "users", None)),
    Case(hazard="BGM213", name="new discriminator", blue=BLUE, green=animals("member"), database=animals("member"),
         expected=("BGM801", "error", "blue", "users", "kind")),
    Case(hazard="BGM213", name="discriminator with a default", blue=BLUE, green=animals("member"), database=animals("member"),
         after=("ALTER TABLE users ALTER kind SET DEFAULT 'user'",)),
    Case(hazard="BGM214", name="star", blue=BLUE, green=users(NAME, NOTE), database=users(NAME, NOTE), statements="SELECT * FROM users WHERE id = $1",
         expected=("BGM214", "error", "blue", "users", None)),
    Case(hazard="BGM214", name="type of a result", blue=users(AGE), green=users(AGE.replace("Integer", "BigInteger")),
         database=users(AGE.replace("Integer", "BigInteger")), statements="SELECT age FROM users", expected=("BGM214", "error", "blue", "users", None)),
    Case(hazard="BGM214", name="named columns", blue=BLUE, green=users(NAME, NOTE), database=users(NAME, NOTE), statements="SELECT id, name FROM users"),
    Case(hazard="BGM215", name="gone with the column", blue=users(NAME, more=VIEW), green=users(FULL), database=users(NAME, more=VIEW),
         after=(*VIEW_SQL, "ALTER TABLE users ADD COLUMN full_name text; ALTER TABLE users ALTER name DROP NOT NULL", IN_STEP, "DROP VIEW names CASCADE"),
         expected=("BGM802", "error", "blue", "names", None)),
    Case(hazard="BGM215", name="made anew", blue=users(NAME, more=VIEW), green=users(FULL), database=users(NAME, more=VIEW),
         after=(*VIEW_SQL, "ALTER TABLE users ADD COLUMN full_name text; ALTER TABLE users ALTER name DROP NOT NULL", IN_STEP,
                "CREATE OR REPLACE VIEW names AS SELECT id, full_name AS name FROM users")),
    Case(hazard="BGM216", name="json", blue=BLUE, green=users(NAME, "bag = mapped_column(JSON)"), database=users(NAME, "bag = mapped_column(JSON)"),
         statements="SELECT DISTINCT * FROM users", environments={"blue": {"prepared_statements": False}},
         expected=("BGM801", "error", "blue", "users", None)),
    Case(hazard="BGM216", name="jsonb", blue=BLUE, green=users(NAME, "bag = mapped_column(postgresql.JSONB)"),
         database=users(NAME, "bag = mapped_column(postgresql.JSONB)"), statements="SELECT DISTINCT * FROM users",
         environments={"blue": {"prepared_statements": False}}),
    Case(hazard="BGM217", name="published without a key", blue=users(NAME, more=TAGS), green=users(NAME, more=LOOSE_TAGS),
         database=users(NAME, more=LOOSE_TAGS), after=(PUBLISHED,), expected=("BGM801", "error", "blue", "tags", None)),
    Case(hazard="BGM217", name="published and never changed", blue=users(NAME, more=LOOSE_TAGS), green=users(NAME, NOTE, more=LOOSE_TAGS),
         database=users(NAME, NOTE, more=LOOSE_TAGS), after=(PUBLISHED,)),
    Case(hazard="BGM218", name="foreign key left behind", blue=keys("Integer"), green=keys("BigInteger"), database=keys("BigInteger"),
         after=("ALTER TABLE orders ALTER user_id TYPE integer",), expected=("BGM801", "warning", "green", "orders", "user_id")),
    Case(hazard="BGM218", name="with what refers to it", blue=keys("Integer"), green=keys("BigInteger"), database=keys("BigInteger")),
)
