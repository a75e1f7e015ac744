"""Corrected text: operations as a revision writes them, in the user's own names."""

from __future__ import annotations

from bgmigrate.lint.actions import AddConstraint, CreateIndex


def call(verb: str, *positional: object, **keywords: object) -> str:
    """`op.verb("a", key="b")`; a string that is to stand as it is comes as Code. What is None or empty is left out."""
    given = [literal(p) for p in positional] + [f"{k}={literal(v)}" for k, v in keywords.items() if v not in (None, "", (), [])]
    return f"op.{verb}({', '.join(given)})"


class Code(str):
    """Text that is code, not a string."""


def literal(value: object) -> str:
    """A value as Python with double quotes."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def split(table: str) -> tuple[str, str | None]:
    """The name and, where there is one, the schema."""
    schema, _, name = table.rpartition(".")
    return name, schema or None


def create_index(index: CreateIndex, *, name: str = "") -> str:
    """The index built while reads and writes go on."""
    table, schema = split(index.table)
    columns = [Code(f"sa.text({literal(c[1:-1])})") if c.startswith("(") else c for c in index.columns]
    where = Code(f"sa.text({literal(index.predicate)})") if index.predicate else None
    return call(
        "create_index", name or index.name or "ix_" + "_".join((table, *index.columns)), table, columns, unique=index.unique or None, schema=schema,
        postgresql_using=index.method if index.method != "btree" else "", postgresql_where=where, postgresql_concurrently=True,
    )


def add_constraint(given: AddConstraint, *, valid: bool = True) -> str:
    """A CHECK or FOREIGN KEY, NOT VALID unless `valid`."""
    table, schema = split(given.table)
    lazy = None if valid else True
    if given.kind == "foreign key":
        target, target_schema = split(given.references)
        return call(
            "create_foreign_key", given.name or f"fk_{table}_{'_'.join(given.columns)}", table, target, list(given.columns), list(given.referred),
            source_schema=schema, referent_schema=target_schema, postgresql_not_valid=lazy,
        )
    return call("create_check_constraint", given.name or f"ck_{table}", table, given.text, schema=schema, postgresql_not_valid=lazy)


def execute(sql: str) -> str:
    """`op.execute("…")`."""
    return call("execute", sql)
