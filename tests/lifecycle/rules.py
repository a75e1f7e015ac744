"""What a database is like between two steps, for the rules that hold for every kind of change.

The revisions are those that the case's page shows; the case's life compares them with what `plan` writes.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bgmigrate.naming import key
from bgmigrate.sql import compose
from tests.lifecycle import catalog, pages
from tests.lifecycle.case import Case
from tests.lifecycle.catalog import Catalog
from tests.lifecycle.steps import Revision, Stage
from tests.servers import Server

USERS = "nspname NOT IN ('bgmigrate', 'information_schema') AND nspname !~ '^pg_' AND relname <> 'alembic_version'"
TABLES = f"SELECT nspname::text, relname::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND {USERS}"
FUNCTIONS = "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace"
CALLED = """
    SELECT nspname, relname, proname::text FROM pg_trigger JOIN pg_proc f ON f.oid = tgfoid JOIN pg_class r ON r.oid = tgrelid JOIN pg_namespace n
        ON n.oid = relnamespace WHERE f.pronamespace = 'bgmigrate'::regnamespace
"""
LIE = "SELECT pg_relation_filenode({n:l}::regclass)::text || md5(coalesce(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid), '')) FROM {t:t}"
VALUES = "SELECT {n:q} FROM {t:t}"
# What a row must obey, as (table, name, columns, kind): constraints, unique indexes that are none's, NOT NULL.
OBEYED = f"""
    SELECT nspname, relname, conname, ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)), CASE contype WHEN 'u' THEN 'unique' ELSE contype::text END
      FROM pg_constraint k JOIN pg_class r ON r.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND {USERS}
    UNION ALL
    SELECT nspname, r.relname, i.relname, ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey)), 'unique'
      FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class r ON r.oid = indrelid JOIN pg_namespace n ON n.oid = r.relnamespace
     WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) AND {USERS.replace("relname", "r.relname")}
    UNION ALL
    SELECT nspname, relname, relname || '.' || attname, ARRAY[attname::text], CASE WHEN atthasdef OR attidentity <> '' THEN 'given not null' ELSE 'not null' END
      FROM pg_attribute JOIN pg_class r ON r.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
     WHERE attnum > 0 AND attnotnull AND relkind = 'r' AND {USERS}
"""
COLUMNS = f"""
    SELECT nspname, relname, array_agg(attname::text) FROM pg_attribute JOIN pg_class r ON r.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
     WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r' AND {USERS} GROUP BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Something that rows of a table must obey."""

    table: str
    name: str
    columns: frozenset[str]
    kind: str


@dataclass(frozen=True, kw_only=True)
class State:
    """What steps may have left: the catalog, our functions, how many values each column has, and where each table's rows lie."""

    catalog: Catalog
    functions: dict[str, str]
    called: frozenset[tuple[str, str]]  # (table, function) of each sync trigger
    values: dict[str, dict[str, int]]
    rows: dict[str, str]
    columns: dict[str, frozenset[str]]
    rules: frozenset[Rule]

    @classmethod
    def of(cls, stage: Stage) -> State:
        """Read it."""
        c = stage.eye
        tables = [key(*row) for row in c.execute(TABLES.encode())]
        rows = {t: (c.execute(compose(LIE, t=t, n=compose("{t:t}", t=t)).encode()).fetchone() or ("",))[0] for t in tables}
        columns = {key(s, t): frozenset(names) for s, t, names in c.execute(COLUMNS.encode())}
        values = {t: dict(zip(n, c.execute(_counting(t, n)).fetchone() or (), strict=True)) for t, n in columns.items()}
        rules = frozenset(
            Rule(table=key(s, t), name=name, columns=frozenset(names), kind=kind) for s, t, name, names, kind in c.execute(OBEYED.encode())
        )
        functions: dict[str, str] = dict(c.execute(FUNCTIONS).fetchall())
        called = frozenset((key(s, t), name) for s, t, name in c.execute(CALLED.encode()))
        return cls(catalog=catalog.seen(c), functions=functions, called=called, values=values, rows=rows, columns=columns, rules=rules)

    def differs(self, want: State, *, but: tuple[str, ...] = (), filled: tuple[str, ...] = ()) -> list[str]:
        """How it is not the wanted state; `but`: names of what may have stayed; `filled`: columns in which a NULL may have become a value for good."""
        have, wanted = (Counter({t: n for t, n in s.catalog.items() if t[1].rpartition(".")[2] not in but}) for s in (self, want))
        out = catalog.difference(have, wanted)
        if self.functions.keys() != want.functions.keys():
            out.append(f"functions {sorted(self.functions)}, wanted {sorted(want.functions)}")
        for table, values in self.values.items():
            had = want.values.get(table, {})
            if values != had | {c: n for c, n in values.items() if c in filled and n >= had.get(c, 0)}:
                out.append(f"values in {table}: {values}, wanted {had}")
        return out

    def new(self, before: State) -> set[tuple[str, str]]:
        """What is there and was not, as (what, name); views are not among the relations."""
        views = {name for what, name, text in self.catalog if what == "relation" and text.startswith(("v ", "m "))}
        known = {t[:2] for t in before.catalog}
        return {("view" if what == "relation" and name in views else what, name) for what, name, _ in self.catalog if (what, name) not in known}


def _counting(table: str, columns: Iterable[str]) -> bytes:
    return compose(VALUES, t=table, n=[compose("count({c:i})", c=c) for c in columns]).encode()


class Revisions:
    """A case's revisions, and databases to run them on."""

    def __init__(self, case: Case, server: Server) -> None:
        self.case, self.server = case, server
        found = pages.revisions(case)
        self.expand: Revision = found[0]
        self.contract: Revision | None = found[1] if len(found) > 1 else None

    @contextlib.contextmanager
    def blue(self) -> Iterator[Stage]:
        """A database with blue's schema and rows, and nothing done."""
        with self.server.database("rules") as url:
            stage = Stage.build(url, self.case)
            try:
                yield stage
            finally:
                stage.close()

    @contextlib.contextmanager
    def copy(self, of: Stage) -> Iterator[Stage]:
        """A database that is as that one is now; that one is of no more use meanwhile."""
        of.close()
        with self.server.database("copy", template=of.url.partition("?")[0].rpartition("/")[2]) as url:
            stage = Stage(url)
            try:
                yield stage
            finally:
                stage.close()

