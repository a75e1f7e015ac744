"""What a release's models map, as the oracle needs it. Run with that release's own interpreter: `declared.py MODELS`; prints JSON.

It shares no code with the probes: a probe writes rows, this one only looks at what SQLAlchemy holds.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, Dict, Iterator, List, Tuple

import sqlalchemy
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import configure_mappers, mapperlib

KINDS = (  # SQLAlchemy's generic types, the special ones first
    ("Enum", "text"), ("Boolean", "boolean"), ("Integer", "number"), ("Numeric", "number"), ("Float", "number"), ("DateTime", "moment"), ("Date", "date"),
    ("Time", "time"), ("Interval", "interval"), ("LargeBinary", "bytes"), ("JSON", "json"), ("ARRAY", "array"), ("String", "text"), ("Uuid", "uuid"),
)


def main(models: str) -> Dict[str, Any]:
    """Import and look."""
    metadatas: List[Any] = []
    for entry in models.split(","):
        module, _, attribute = entry.partition(":")
        value = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            value = getattr(value, part)
        if attribute:
            metadatas.append(getattr(value, "metadata", value))
    configure_mappers()
    tables = {name_of(t): {"columns": {c.name: column(c) for c in t.columns}} for m in metadatas for t in m.tables.values()}
    return {"tables": tables, "links": sorted(links(metadatas))}


def name_of(table: Any) -> str:
    """As the server's catalog is asked for it."""
    return str(table.name) if table.schema in (None, "public") else "%s.%s" % (table.schema, table.name)


def column(c: Any) -> Dict[str, Any]:
    """What matters of a column: whether an INSERT may leave it NULL, which labels it knows, of what kind it is."""
    make: Any = postgresql.dialect
    type_ = c.type.dialect_impl(make())
    inner = type_.impl_instance if hasattr(type_, "impl_instance") else getattr(type_, "impl", type_)
    inner = inner if isinstance(inner, sqlalchemy.types.TypeEngine) else type_
    kinds = [kind for name, kind in KINDS if isinstance(inner, getattr(sqlalchemy.types, name, ()) or ())]
    return {
        "null": bool(c.nullable) and c.default is None and c.server_default is None and not c.primary_key, "kind": kinds[0] if kinds else None,
        "labels": [str(e) for e in getattr(c.type, "enums", None) or getattr(inner, "enums", None) or ()], "length": getattr(inner, "length", None),
    }


def links(metadatas: List[Any]) -> Iterator[Tuple[str, str, str]]:
    """(table, other table, how) for every relationship: loading it, or deleting a row that has it, reads or writes the other.

    How is `eager` where reading the table reads the other with it.
    """
    mine = {t for m in metadatas for t in m.tables.values()}
    for registry in mapperlib._all_registries():
        for mapper in registry.mappers:
            if mapper.local_table not in mine:
                continue
            for relation in mapper.relationships:
                if relation.lazy in ("noload", "raise", "raise_on_sql"):
                    continue
                others = {name_of(t) for t in relation.mapper.tables} | ({name_of(relation.secondary)} if relation.secondary is not None else set())
                how = "" if relation.lazy in ("select", True, "dynamic", "write_only") else "eager"
                yield from {(name_of(mapper.local_table), other, how) for other in others}


if __name__ == "__main__":
    answer, sys.stdout = sys.stdout, sys.stderr  # what the application prints is no answer
    answer.write(json.dumps(main(sys.argv[1])))
