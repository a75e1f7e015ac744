"""Enum types as alembic-postgresql-enum's documentation and tests have them: created, deleted, with values added, removed, renamed and reordered."""

from tests.histories.pair import Pair, Refusal, table

KEY = 'Column("test_field", Integer, primary_key=True, autoincrement=False)'
EMPTY = table("example_table", KEY)


def example(*values: str, column: str = "{}", name: str = "example_table", more: tuple[str, ...] = ()) -> str:
    """A table with a column of the enum type `myenum`, of which `column` may make an array or what there is."""
    type_ = f'postgresql.ENUM({", ".join(map(repr, values))}, name="myenum", metadata=metadata)'
    return table(name, KEY, f'Column("enum_field", {column.format(type_)})', *more)


def synced(*values: str, renamed: str = "", columns: tuple[str, ...] = ("example_table.enum_field",), kind: str = "") -> str:
    """The extension's operation for values that go, or change their order or names."""
    where = ", ".join(
        f'TableReference(table_schema="public", table_name={t!r}, column_name={c!r}, {kind})' for t, _, c in (name.partition(".") for name in columns)
    )
    return f'op.sync_enum_values("public", "myenum", {list(values)!r}, [{where}], enum_values_to_rename=[{renamed}])'


ENUM = 'Enum("one", "two", "three", name="myenum")'
NEW = 'Column("enum_field", postgresql.ENUM("one", "two", "three", name="myenum", create_type=False))'
THREE = ("one", "two", "three")
STRING = table("example_table", KEY, 'Column("enum_field", String)')
CHECKED = table("example_table", KEY, 'Column("enum_field", Enum("one", "two", "three", name="myenum", native_enum=False, create_constraint=True))')


def both_ways(forward: str, backward: str) -> tuple[str, ...]:
    """The flags for a column that gets another type under another name."""
    return (
        "--rename", "example_table.enum_field=enum_field_new", "--forward", f"example_table.enum_field_new={forward}",
        "--backward", f"example_table.enum_field={backward}",
    )


TYPES = (
    Pair(
        name="create enum with its table",
        does=(f'{ENUM}.create(op.get_bind())\nop.create_table("example_table", {KEY}, {NEW})',),
        before="", after=example(*THREE), changes=("create_table example_table",),
    ),
    Pair(
        name="create enum with its column",
        does=(f'{ENUM}.create(op.get_bind())\nop.add_column("example_table", {NEW})',),
        before=EMPTY, after=example(*THREE), changes=("add_column example_table.enum_field",),
    ),
    Pair(
        name="create enum for two tables",
        does=(
            f'{ENUM}.create(op.get_bind())\nop.add_column("example_table", {NEW})\nop.create_table("other_table", {KEY}, {NEW})',
        ),
        before=EMPTY, after=example(*THREE) + example(*THREE, name="other_table"),
        changes=("add_column example_table.enum_field", "create_table other_table"),
    ),
    Pair(
        name="create enum for an array",
        does=(
            (f'{ENUM}.create(op.get_bind())\n'
            'op.add_column("example_table", Column("enum_field", postgresql.ARRAY(postgresql.ENUM("one", "two", "three", name="myenum", create_type=False))))'),
        ),
        before=EMPTY, after=example(*THREE, column="postgresql.ARRAY({})"), changes=("add_column example_table.enum_field",),
    ),
    Pair(
        name="create enum with a default",
        does=(
            f'{ENUM}.create(op.get_bind())\nop.add_column("example_table", {NEW[:-1]}, server_default="two", nullable=False))',
        ),
        before=EMPTY, after=example(*THREE, column='{}, server_default="two", nullable=False'), changes=("add_column example_table.enum_field",),
    ),
    Pair(
        name="delete enum with its column",
        does=(f'op.drop_column("example_table", "enum_field")\n{ENUM}.drop(op.get_bind())',),
        before=example(*THREE), after=EMPTY, changes=("drop_column example_table.enum_field",),
    ),
    Pair(
        name="delete enum with its table",
        does=(f'op.drop_table("example_table")\n{ENUM}.drop(op.get_bind())',),
        before=example(*THREE), after="", changes=("drop_table example_table",),
    ),
    Pair(
        name="keep enum that another column has",
        does=('op.drop_column("example_table", "enum_field")',),
        before=example(*THREE) + example(*THREE, name="other_table"), after=EMPTY + example(*THREE, name="other_table"),
        changes=("drop_column example_table.enum_field",),
    ),
)
VALUES = (
    Pair(
        name="add enum values",
        does=('op.add_enum_value(enum_schema="public", enum_name="myenum", new_value="four")\nop.add_enum_value(enum_schema="public", enum_name="myenum", new_value="five")',),
        before=example(*THREE), after=example(*THREE, "four", "five"), changes=("enum_add_value",),
    ),
    Pair(
        name="add enum value between others",
        does=(synced("one", "between", "two", "three"),),
        before=example(*THREE), after=example("one", "between", "two", "three"), changes=("enum_add_value",),
    ),
    Pair(
        name="add enum value of several columns and an array",
        does=('op.add_enum_value(enum_schema="public", enum_name="myenum", new_value="four")',),
        before=example(*THREE, column="postgresql.ARRAY({})") + example(*THREE, name="other_table"),
        after=example(*THREE, "four", column="postgresql.ARRAY({})") + example(*THREE, "four", name="other_table"),
        changes=("enum_add_value",),
    ),
    Pair(
        name="delete enum value",
        does=(synced("one", "two"),),
        before=example(*THREE), after=example("one", "two"), changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="delete enum value of a column with a default",
        does=(synced("one", "two", kind="existing_server_default=\"'two'::myenum\""),),
        before=example(*THREE, column='{}, server_default="two", nullable=False'),
        after=example("one", "two", column='{}, server_default="two", nullable=False'), changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="delete enum value of two columns of a table",
        does=(synced("one", "two", columns=("example_table.enum_field", "example_table.other")),),
        before=example(*THREE, column='{0}), Column("other", {0}'), after=example("one", "two", column='{0}), Column("other", {0}'),
        changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="delete enum value of two tables",
        does=(synced("one", "two", columns=("example_table.enum_field", "other_table.enum_field")),),
        before=example(*THREE) + example(*THREE, name="other_table"), after=example("one", "two") + example("one", "two", name="other_table"),
        changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="delete enum value of an array",
        does=(synced("one", "two", kind="column_type=ColumnType.ARRAY"),),
        before=example(*THREE, column="postgresql.ARRAY({})"), after=example("one", "two", column="postgresql.ARRAY({})"),
        changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="delete enum value beside a partial index",
        does=('op.drop_index("uq_user_username")\n' + synced("active", "deleted", columns=("user.status",)).replace("myenum", "userstatus") + "\n"
              """op.create_index("uq_user_username", "user", ["username"], unique=True, postgresql_where=text("status != 'deleted'"))""",),
        before=(user := 'Table("user", metadata, Column("id", Integer, primary_key=True), Column("username", String, nullable=False),\n'
                '      Column("status", Enum({}, name="userstatus")),\n'
                """      Index("uq_user_username", "username", unique=True, postgresql_where=text("status != 'deleted'")))""").format('"active", "deleted", "pending"'),
        after=user.format('"active", "deleted"'), changes=("change_enum user.status",),
    ),
    Pair(
        name="delete enum value that a partial index names",
        does=(),
        before=user.format('"active", "deleted", "pending"'), after=user.format('"active", "pending"').replace("!= 'deleted'", "= 'active'"),
        changes=("change_enum user.status", "change_index user"),
    ),
    Pair(
        name="reorder enum values",
        does=(synced("three", "two", "one"),),
        before=example(*THREE), after=example("three", "two", "one"), changes=("change_enum example_table.enum_field",),
    ),
    Pair(
        name="rename enum value",
        does=(synced(*THREE, renamed='("tree", "three")'),),
        before=example("one", "two", "tree"), after=example(*THREE),
        refusal=Refusal(code="BGM212", about="example_table.enum_field", reason="'three' would come while 'tree' would go",
                        hint="CASE enum_field::text WHEN 'tree' THEN 'three'"),
    ),
    Pair(
        name="rename enum value under another column name",
        does=(),
        before=example("one", "two", "tree"), after=table("example_table", KEY, 'Column("enum_field_new", Enum("one", "two", "three", name="myenum_new"))'),
        hints=both_ways(
            "CASE enum_field::text WHEN 'tree' THEN 'three' ELSE enum_field::text END::myenum_new",
            "CASE enum_field_new::text WHEN 'three' THEN 'tree' ELSE enum_field_new::text END::myenum",
        ),
        changes=("rename_column example_table.enum_field_new",),
    ),
)
BETWEEN = (
    Pair(
        name="string becomes enum",
        does=(
            (f"{ENUM}.create(op.get_bind())\n"
            'op.alter_column("example_table", "enum_field", type_=postgresql.ENUM("one", "two", "three", name="myenum", create_type=False),'
            ' postgresql_using="enum_field::text::myenum")'),
        ),
        before=STRING, after=example(*THREE),
        changes=("retype_column example_table.enum_field",),
    ),
    Pair(
        name="string becomes enum under a new name",
        does=(
            (f"{ENUM}.create(op.get_bind())\n"
            'op.alter_column("example_table", "enum_field", new_column_name="enum_field_new", postgresql_using="enum_field::text::myenum",'
            ' type_=postgresql.ENUM("one", "two", "three", name="myenum", create_type=False))'),
        ),
        before=STRING, after=example(*THREE).replace("enum_field", "enum_field_new"),
        hints=both_ways("enum_field::text::myenum", "enum_field_new::text"), changes=("rename_column example_table.enum_field_new",),
    ),
    Pair(
        name="enum becomes string",
        does=(f'op.alter_column("example_table", "enum_field", type_=String)\n{ENUM}.drop(op.get_bind())',),
        before=example(*THREE), after=STRING,
        changes=("retype_column example_table.enum_field",),
    ),
    Pair(
        name="enum becomes string under a new name",
        does=(
            ('op.alter_column("example_table", "enum_field", new_column_name="enum_field_new", type_=String)\n'
            f"{ENUM}.drop(op.get_bind())"),
        ),
        before=example(*THREE), after=STRING.replace("enum_field", "enum_field_new"),
        hints=both_ways("enum_field::text", "enum_field_new::text::myenum"), changes=("rename_column example_table.enum_field_new",),
    ),
    Pair(
        name="enum becomes another enum",
        does=(
            ('Enum("one", "two", name="other").create(op.get_bind())\n'
            'op.alter_column("example_table", "enum_field", type_=postgresql.ENUM("one", "two", name="other", create_type=False),'
            f' postgresql_using="enum_field::text::other")\n{ENUM}.drop(op.get_bind())'),
        ),
        before=example(*THREE), after=table("example_table", KEY, 'Column("enum_field", Enum("one", "two", name="other"))'),
        changes=("retype_column example_table.enum_field",),
    ),
    Pair(
        name="enum becomes checked string",
        does=(
            ('op.alter_column("example_table", "enum_field", type_=String(5))\n'
            """op.create_check_constraint("myenum", "example_table", "enum_field IN ('one', 'two', 'three')")\n"""
            f"{ENUM}.drop(op.get_bind())"),
        ),
        before=example(*THREE), after=CHECKED,
        changes=("add_check example_table", "retype_column example_table.enum_field"),
    ),
    Pair(
        name="enum becomes checked string under a new name",
        does=(
            ('op.alter_column("example_table", "enum_field", new_column_name="enum_field_new", type_=String(5))\n'
            """op.create_check_constraint("myenum", "example_table", "enum_field_new IN ('one', 'two', 'three')")\n"""
            f"{ENUM}.drop(op.get_bind())"),
        ),
        before=example(*THREE), after=CHECKED.replace("enum_field", "enum_field_new"),
        hints=both_ways("enum_field::text", "enum_field_new::text::myenum"),
        changes=("add_check example_table", "rename_column example_table.enum_field_new"),
    ),
)
PAIRS = (*TYPES, *VALUES, *BETWEEN)
