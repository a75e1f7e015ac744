"""SQL as actions, read by PostgreSQL's own parser (pglast, of the extra `lint`). What it cannot read is opaque, never passed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bgmigrate.lint.actions import (
    Action,
    AddEnumValue,
    Change,
    ConstrainDomain,
    CreateIndex,
    CreateTrigger,
    CreateType,
    DropIndex,
    DropSchema,
    DropTable,
    DropTrigger,
    Lock,
    Opaque,
    Other,
    Reindex,
    RenameColumn,
    RenameEnumValue,
    RenameSchema,
    RenameTable,
    Rewrite,
    Transact,
    Truncate,
)
from bgmigrate.lint.actions_beside import Configure, CreateView, DropView, Publish

_LOCK_MODES = ("", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
               "ACCESS EXCLUSIVE")  # by number, as in PostgreSQL's lockdefs.h
NOT_INSTALLED = "nothing is installed that can take SQL apart"


def available() -> bool:
    """Is the parser installed?"""
    try:
        import pglast  # noqa: F401
    except ImportError:
        return False
    return True


def actions(text: str) -> Iterator[Action]:
    """What a string of SQL does, statement by statement."""
    try:
        from pglast import parse_sql
        from pglast.parser import ParseError
    except ImportError:
        yield Opaque(why=NOT_INSTALLED)
        return
    try:
        statements = parse_sql(text)
    except (ParseError, ValueError) as error:
        yield Opaque(why=f"PostgreSQL's parser does not take it: {error}")
        return
    for raw in statements:
        yield from of(raw.stmt, text)


def of(node: Any, text: str) -> Iterator[Action]:
    """What one parsed statement does."""
    read = _READERS.get(type(node).__name__)
    if read is None:
        yield Other(what=type(node).__name__)
    else:
        yield from read(node, text)


def name_of(relation: Any) -> str:
    """A RangeVar as we write tables; `public` goes without saying."""
    schema = relation.schemaname
    return f"{schema}.{relation.relname}" if schema and schema != "public" else str(relation.relname)


def words(parts: Any) -> str:
    """A qualified name given as a list of strings."""
    names = [p.sval for p in (parts if isinstance(parts, (tuple, list)) else (parts,))]
    return ".".join(names[1:] if len(names) > 1 and names[0] == "public" else names)


def sql(node: Any) -> str:
    """A parsed expression or type as SQL again."""
    from pglast.stream import RawStream

    return str(RawStream()(node))


def _index(node: Any, text: str) -> Iterator[Action]:
    yield CreateIndex(
        table=name_of(node.relation), name=node.idxname or "", columns=tuple(p.name or f"({sql(p.expr)})" for p in node.indexParams),
        unique=node.unique, concurrently=node.concurrent, guarded=node.if_not_exists, method=node.accessMethod or "",
        predicate=sql(node.whereClause) if node.whereClause else "", only=not node.relation.inh,
    )


def _drop(node: Any, text: str) -> Iterator[Action]:
    kind, cascade = node.removeType.name, node.behavior.name == "DROP_CASCADE"
    for of_one in node.objects:
        match kind:
            case "OBJECT_TABLE":
                yield DropTable(table=words(of_one), cascade=cascade)
            case "OBJECT_INDEX":
                yield DropIndex(name=words(of_one), concurrently=node.concurrent)
            case "OBJECT_SCHEMA":
                yield DropSchema(schema=words(of_one), cascade=cascade)
            case "OBJECT_VIEW" | "OBJECT_MATVIEW":
                yield DropView(name=words(of_one))
            case "OBJECT_TRIGGER":
                yield DropTrigger(table=words(of_one[:-1]), name=of_one[-1].sval)
            case _:
                yield Other(what=f"DROP {kind.removeprefix('OBJECT_')}")


def _rename(node: Any, text: str) -> Iterator[Action]:
    match node.renameType.name:
        case "OBJECT_COLUMN" if node.relationType.name == "OBJECT_TABLE":
            yield RenameColumn(table=name_of(node.relation), column=node.subname, to=node.newname)
        case "OBJECT_TABLE":
            yield RenameTable(table=name_of(node.relation), to=node.newname)
        case "OBJECT_SCHEMA":
            yield RenameSchema(schema=node.subname, to=node.newname)
        case other:
            yield Other(what=f"RENAME {other.removeprefix('OBJECT_')}")


def _move(node: Any, text: str) -> Iterator[Action]:
    if node.objectType.name == "OBJECT_TABLE":
        yield RenameTable(table=name_of(node.relation), to=node.newschema, moved=True)
    else:
        yield Other(what="SET SCHEMA")


def _enum(node: Any, text: str) -> Iterator[Action]:
    kind = words(node.typeName)
    yield RenameEnumValue(type=kind, value=node.oldVal, to=node.newVal) if node.oldVal else AddEnumValue(type=kind, value=node.newVal)


def _change(verb: str) -> Callable[[Any, str], Iterator[Action]]:
    def read(node: Any, text: str) -> Iterator[Action]:
        limited = getattr(node, "whereClause", None) is not None or bool(getattr(node, "usingClause", None) or getattr(node, "fromClause", None))
        yield Change(table=name_of(node.relation), verb=verb, limited=limited, text=text, uses=tuple(re.findall(r"'([^']*)'", text)))
        for cte in node.withClause.ctes if getattr(node, "withClause", None) else ():
            if type(cte.ctequery).__name__ in ("UpdateStmt", "DeleteStmt", "InsertStmt"):
                yield from of(cte.ctequery, text)

    return read


def _options(node: Any) -> set[str]:
    return {o.defname for o in getattr(node, "options", None) or getattr(node, "params", None) or ()}


def _vacuum(node: Any, text: str) -> Iterator[Action]:
    if "full" in _options(node):
        for r in node.rels or (None,):
            yield Rewrite(table=name_of(r.relation) if r else "", how="VACUUM FULL")
    else:
        yield Other(what="VACUUM")


def _reindex(node: Any, text: str) -> Iterator[Action]:
    kind = node.kind.name.removeprefix("REINDEX_OBJECT_")
    name = name_of(node.relation) if node.relation else node.name or ""
    yield Reindex(table=name if kind == "TABLE" else "", name=f"{kind} {name}".strip(), concurrently="concurrently" in _options(node))


def _refresh(node: Any, text: str) -> Iterator[Action]:
    if node.concurrent:  # readers go on; there are no writers
        yield Other(table=name_of(node.relation), what="REFRESH", mode="EXCLUSIVE")
    elif node.skipData:
        yield Other(table=name_of(node.relation), what="REFRESH", mode="ACCESS EXCLUSIVE")
    else:
        yield Rewrite(table=name_of(node.relation), how="REFRESH MATERIALIZED VIEW")


_WEAK = "SHARE UPDATE EXCLUSIVE"


def _comment(node: Any, text: str) -> Iterator[Action]:
    kind = node.objtype.name
    names = list(node.object) if isinstance(node.object, tuple) else []
    own = {"OBJECT_TABLE": names, "OBJECT_COLUMN": names[:-1], "OBJECT_TABCONSTRAINT": names[:-1]}.get(kind)
    yield Other(table=words(own), what="COMMENT", mode=_WEAK) if own else Other(what="COMMENT")


def _transact(node: Any, text: str) -> Iterator[Action]:
    verb = node.kind.name.removeprefix("TRANS_STMT_").replace("_", " ")
    yield Other(what=verb) if "SAVEPOINT" in verb or verb in ("ROLLBACK TO", "RELEASE") else Transact(verb=verb)


def _relations(node: Any, make: Callable[[str], Action]) -> Iterator[Action]:
    for relation in node.relations:
        yield make(name_of(relation))


def _table(node: Any, text: str) -> Iterator[Action]:
    from bgmigrate.lint.parse_table import altered, created

    yield from (altered(node) if type(node).__name__ == "AlterTableStmt" else created(node))


def _as(node: Any, text: str) -> Iterator[Action]:
    from bgmigrate.lint.actions import CreateTable

    if node.objtype.name == "OBJECT_MATVIEW":
        yield CreateView(name=name_of(node.into.rel), **_read_by(node.query))
    else:
        yield CreateTable(table=name_of(node.into.rel), guarded=node.if_not_exists)


def _view(node: Any, text: str) -> Iterator[Action]:
    yield CreateView(name=name_of(node.view), **_read_by(node.query))


def _read_by(query: Any) -> dict[str, Any]:
    """The tables of a query, and the columns that it names."""
    from pglast.visitors import Visitor

    tables: dict[str, str] = {}
    uses: list[tuple[str, str]] = []

    class Look(Visitor):
        def visit_RangeVar(self, ancestors: Any, node: Any) -> None:
            tables[node.alias.aliasname if node.alias else node.relname] = name_of(node)

        def visit_ColumnRef(self, ancestors: Any, node: Any) -> None:
            names = [f.sval if type(f).__name__ == "String" else "*" for f in node.fields]
            uses.append((names[-2] if len(names) > 1 else "", names[-1]))

    Look()(query)
    return {"tables": tuple(dict.fromkeys(tables.values())), "uses": tuple((tables.get(of, ""), column) for of, column in uses)}


def _set(node: Any, text: str) -> Iterator[Action]:
    value = " ".join(sql(a) for a in node.args or ()) if node.kind.name == "VAR_SET_VALUE" else ""
    yield Configure(name=node.name, value=value, local=node.is_local) if node.name else Other(what="SET")


def _select(node: Any, text: str) -> Iterator[Action]:
    """SELECT set_config(…) is SET; advisory locks belong to the session as well."""
    found = re.search(r"\bset_config\s*\(\s*'([\w.]+)'\s*,\s*'([^']*)'\s*,\s*(true|false)", text, re.IGNORECASE)
    if found:
        yield Configure(name=found[1], value=found[2], local=found[3].lower() == "true")
    else:
        yield Other(what="advisory lock" if re.search(r"\bpg_(?:try_)?advisory_lock(?:_shared)?\s*\(", text, re.IGNORECASE) else "SELECT")


def _publication(node: Any, text: str) -> Iterator[Action]:
    every = bool(getattr(node, "for_all_tables", False))
    objects = [o.pubtable for o in getattr(node, "pubobjects", None) or () if o.pubtable is not None]
    yield Publish(tables=("*",) if every else tuple(name_of(o.relation) for o in objects))


_READERS: dict[str, Callable[[Any, str], Iterator[Action]]] = {
    "IndexStmt": _index, "DropStmt": _drop, "RenameStmt": _rename, "AlterObjectSchemaStmt": _move, "AlterEnumStmt": _enum,
    "ViewStmt": _view, "VariableSetStmt": _set, "SelectStmt": _select, "CreatePublicationStmt": _publication, "AlterPublicationStmt": _publication,
    "AlterTableStmt": _table, "CreateStmt": _table, "CreateTableAsStmt": _as,
    "InsertStmt": _change("INSERT"), "UpdateStmt": _change("UPDATE"), "DeleteStmt": _change("DELETE"),
    "VacuumStmt": _vacuum, "ReindexStmt": _reindex, "RefreshMatViewStmt": _refresh, "TransactionStmt": _transact,
    "CommentStmt": _comment,
    "CreateStatsStmt": lambda n, t: _relations(n, lambda name: Other(table=name, what="CREATE STATISTICS", mode=_WEAK)),
    "ClusterStmt": lambda n, t: iter((Rewrite(table=name_of(n.relation) if n.relation else "", how="CLUSTER"),)),
    "TruncateStmt": lambda n, t: _relations(n, lambda name: Truncate(table=name, cascade=n.behavior.name == "DROP_CASCADE")),
    "LockStmt": lambda n, t: _relations(n, lambda name: Lock(table=name, mode=_LOCK_MODES[n.mode])),
    "CreateTrigStmt": lambda n, t: iter((CreateTrigger(table=name_of(n.relation), name=n.trigname, before=bool(n.row and n.timing & 2)),)),
    "CreateDomainStmt": lambda n, t: iter((ConstrainDomain(name=words(n.domainname)) if n.constraints else Other(what="CREATE DOMAIN"),)),
    "AlterDomainStmt": lambda n, t: iter((ConstrainDomain(name=words(n.typeName)) if n.def_ is not None else Other(what="ALTER DOMAIN"),)),
    "CreateEnumStmt": lambda n, t: iter((CreateType(name=words(n.typeName), labels=tuple(v.sval for v in n.vals or ())),)),
    "DoStmt": lambda n, t: iter((Opaque(why="a DO block decides when it runs what it does"),)),
    "CallStmt": lambda n, t: iter((Opaque(why="a procedure decides what it does"),)),
}
