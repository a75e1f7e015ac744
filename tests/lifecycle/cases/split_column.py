"""One column, which has a default, becomes two, and back again."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

TABLE = '''
class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(Text)
'''


def to_green(blue: Row) -> Row:
    first, _, last = str(blue["name"]).partition(" ")
    return {"first_name": first, "Last Name": last}


def to_blue(green: Row) -> Row:
    return {"name": f"{green['first_name']} {green['Last Name']}" if green["Last Name"] else green["first_name"]}


CASE = Case(
    kind="derive_column",
    name="split_column",
    blue=TABLE + '''
    name: Mapped[str] = mapped_column(Text, server_default="No Body")
''',
    green=TABLE + '''
    first_name: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"forward": "split_part(name, ' ', 1)"}})
    last_name: Mapped[str] = mapped_column("Last Name", Text, info={"bgmigrate": {"forward": "substr(name, length(split_part(name, ' ', 1)) + 2)"}})
    __table_args__ = {"info": {"bgmigrate": {"backward": {
        "name": """first_name || CASE WHEN "Last Name" = '' THEN '' ELSE ' ' || "Last Name" END"""}}}}
''',
    seed="""
INSERT INTO people (name, email) SELECT 'First' || i || ' Last' || i, NULLIF('p' || i, 'p7') FROM generate_series(1, 400) i;
INSERT INTO people (name) VALUES ('Cher'), (''), ('Anna Maria de la Cruz'), ('Zoë ☕Ñandú'), (' leading'), ('two  spaces'), ('O''Neil "Q" %s');
""",
    blue_writes=(
        insert("people", lambda n: {"name": f"Blue{n} van der Berg", "email": None}),
        insert("people", lambda n: {"email": f"b{n}"}),
        update("people", lambda n: n % 20 + 1, lambda n: {"name": f"Mono{n}"}),
        update("people", lambda n: n % 20 + 1, lambda n: {"email": f"b{n}"}),
    ),
    green_writes=(
        insert("people", lambda n: {"first_name": f"Mary{n}", "Last Name": "Lee ☕"}),
        update("people", lambda n: n % 20 + 1, lambda n: {"first_name": f"Jo Ann{n}"}),
        update("people", lambda n: n % 20 + 5, lambda n: {"first_name": f"Li {n}", "Last Name": ""}),
        update("people", lambda n: n % 20 + 1, lambda n: {"email": f"g{n}"}),
    ),
    seen=(Seen(table="people", to_green=to_green, to_blue=to_blue),),
    changes=("first_name", "Last Name", "name"),
)
