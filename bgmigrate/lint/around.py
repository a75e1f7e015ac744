"""What stands around a statement when it is reached: partitions, foreign keys, indexes and checks, as far as revisions say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    CreateIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Reindex,
    Truncate,
    ValidateConstraint,
)

if TYPE_CHECKING:
    from bgmigrate.lint.known import Known


Typed = tuple[str, str]  # a column and its type


@dataclass(frozen=True, kw_only=True)
class Around:
    """Tables as actions name them. What no revision says is empty.

    `parts`: the table's partitions, and theirs; `partitioned`: those of them all that have some. `rest`: the partition that takes what no
    other does, `rest_checked`: has it a check? `referring`: tables that point to it,
    `referred`: those that what is dropped, changed or validated points to. `index`: the one that is dropped, rebuilt or adopted.
    `nullable`: may a column of the adopted index be NULL? `checks`: those that mention the column. `views`: those that read what
    is dropped or changes its type. `keyed`: is the column of a key that others refer to, or a primary key? `domain`: has its type a constraint?
    """

    parts: tuple[str, ...] = ()
    partitioned: tuple[str, ...] = ()
    rest: str = ""
    referring: tuple[str, ...] = ()
    referred: tuple[str, ...] = ()
    index: CreateIndex | None = None
    nullable: bool = False
    checks: tuple[str, ...] = ()
    rest_checked: bool = False
    views: tuple[str, ...] = ()
    keyed: bool = False
    published: bool = False
    pairs: tuple[tuple[Typed, Typed], ...] = ()
    domain: bool = False


NOTHING = Around()


def around(known: Known, action: Action) -> Around:
    """Of an action that has not been taken yet."""
    table = action.table
    index = known.indexes.get(_index(action))
    if index is not None and not table:
        table = index.table
    of = action.partition_of if isinstance(action, CreateTable) else table
    parts, keyed = known.below(of), _keyed(known, action)
    return Around(
        parts=tuple(parts), partitioned=tuple(t for t in (of, *parts) if known.parts.get(t)), rest=known.default_of(of),
        referring=tuple(known.referring(table)) if _goes(action) or keyed else (),
        referred=tuple(_referred(known, action)), index=index,
        nullable=isinstance(action, AddConstraint) and index is not None and _nullable(known, index),
        checks=_checks(known, action), views=_views(known, action), keyed=keyed,
        pairs=tuple(_pairs(known, action)),
        published=bool({table, "*"} & known.published),
        rest_checked=any(kind == "check" for kind, _, _ in known.constraints_of(known.default_of(of)).values()),
        domain=isinstance(action, AddColumn) and action.column.type.lower() in known.domains,
    )


def _goes(action: Action) -> bool:
    return isinstance(action, (DropTable, Truncate)) and action.cascade


def _index(action: Action) -> str:
    match action:
        case AddConstraint():
            return action.index
        case DropIndex():
            return action.name
        case Reindex() if action.name.startswith("INDEX "):
            return action.name.removeprefix("INDEX ")
    return ""


def _referred(known: Known, action: Action) -> list[str]:
    match action:
        case DropTable():
            return known.referred(action.table)
        case DropColumn() | AlterType():
            return known.referred(action.table, action.column)
        case DropConstraint() | ValidateConstraint():
            key = known.key(action.table, action.name)
            return [key.references] if key and key.references else []
        case AttachPartition():
            return known.referred(action.table)
    return []


def _views(known: Known, action: Action) -> tuple[str, ...]:
    match action:
        case DropColumn() | AlterType():
            return tuple(known.reading(action.table, action.column))
        case DropTable():
            return tuple(known.reading(action.table))
    return ()


def _keyed(known: Known, action: Action) -> bool:
    if not isinstance(action, AlterType):
        return False
    own = known.column(action.table, action.column)
    return bool(own and own.primary_key) or any(
        k.kind == "primary key" and k.columns == (action.column,) for k in known.keys.get(action.table, ())
    )


def _pairs(known: Known, action: Action) -> Iterator[tuple[Typed, Typed]]:
    own = dict(known.tables.get(action.table, {}))
    keys = [(action.columns, action.references, action.referred)] if isinstance(action, AddConstraint) and action.kind == "foreign key" else []
    if isinstance(action, CreateTable):
        own = {c.name: c for c in action.columns}
        keys = [(k.columns, k.references, k.referred) for k in action.constraints if k.kind == "foreign key"]
    inline = action.columns if isinstance(action, CreateTable) else (action.column,) if isinstance(action, AddColumn) else ()
    keys += [((c.name,), c.references, ()) for c in inline if c.references]
    own |= {c.name: c for c in inline}
    for columns, references, referred in keys:
        theirs = own if references == action.table else known.tables.get(references, {})
        named = referred or tuple(c.name for c in theirs.values() if c.primary_key)
        for mine, other in zip(columns, named, strict=False):
            if mine in own and other in theirs and own[mine].type and theirs[other].type:
                yield (mine, own[mine].type), (f"{references}.{other}", theirs[other].type)


def _nullable(known: Known, index: CreateIndex) -> bool:
    columns = [known.column(index.table, c) for c in index.columns]
    return any(c is not None and c.nullable and not c.primary_key for c in columns)


def _checks(known: Known, action: Action) -> tuple[str, ...]:
    """Of a column that changes its type; of a partition that is attached."""
    if isinstance(action, AttachPartition):
        return tuple(n for n, (kind, _, _) in known.constraints_of(action.partition).items() if kind == "check")
    if not isinstance(action, AlterType):
        return ()
    named = re.compile(rf'(?<![\w"]){re.escape(action.column)}(?!\w)|"{re.escape(action.column)}"', re.IGNORECASE)
    own = known.column(action.table, action.column)
    inline = (f"the check of {action.column}",) if own is not None and own.check else ()
    return inline + tuple(n for n, (kind, text, _) in known.constraints_of(action.table).items() if kind == "check" and named.search(text))
