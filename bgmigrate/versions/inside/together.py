"""Writes of several rows at once: bulk inserts, upserts, and deletes that take related rows along.

What is refused here although single rows go through says something only where it goes through on the version's own schema.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import sqlalchemy_version
    from bgmigrate.versions.inside.rows import Maker, Target
    from bgmigrate.versions.inside.samples import CannotMake

Work = Callable[[Any], None]


def together(maker: Maker, target: Target, can_delete: bool) -> Iterator[Tuple[str, Work]]:
    """Every such write of a class or table, by the name of its stage."""
    yield "bulk insert", partial(bulk_insert, maker, target)
    single = target.mapper is None or len(target.mapper.tables) == 1
    for columns in unique_keys(target) if single else []:
        yield "upsert on " + ", ".join(c.name for c in columns), partial(upsert, maker, target, columns)
    for relation in sorted(target.mapper.relationships, key=lambda r: r.key) if target.mapper is not None and can_delete else []:
        if relation.uselist and not relation.viewonly and relation.direction.name != "MANYTOONE" and not is_bound_to_fail(relation):
            for other in (t for t in maker.targets if t.mapper is relation.mapper):
                maker.shared.ready(other)
            yield "cascade " + relation.key, partial(cascade, maker, target, relation)


def is_bound_to_fail(relation: Any) -> bool:
    """Whether the ORM would empty a reference that may not be empty: the application deletes such rows in an order of its own."""
    if relation.secondary is not None or relation.cascade.delete or relation.passive_deletes:
        return False
    return any(not remote.nullable for _, remote in relation.local_remote_pairs)


def bulk_insert(maker: Maker, target: Target, session: Any) -> None:
    """Two rows in one statement; their keys come back where SQLAlchemy can do that (2.0)."""
    from sqlalchemy import insert

    rows = [maker.values(session, target, full=True) for _ in range(2)]
    if target.mapper is None:
        session.execute(target.table.insert(), [{c.key: v for c, v in row.items()} for row in rows])
        return
    given = [{target.columns[c]: v for c, v in row.items()} for row in rows]
    on = target.mapper.polymorphic_on
    if on is not None and on in target.same:
        given = [{**g, target.columns[target.same[on]]: target.mapper.polymorphic_identity} for g in given]
    if sqlalchemy_version().startswith("1."):
        session.bulk_insert_mappings(target.mapper, given)
    else:
        session.execute(insert(target.mapper.class_).returning(*target.mapper.primary_key), given).all()


def unique_keys(target: Target) -> List[List[Any]]:
    """What ON CONFLICT may name: the primary key and the unique keys that the model itself declares, as lists of columns."""
    from sqlalchemy import Column, UniqueConstraint

    table = target.table
    found = [list(table.primary_key.columns)]
    found += [list(k.columns) for k in table.constraints if isinstance(k, UniqueConstraint) and not k.deferrable]
    for index in table.indexes:
        options = index.dialect_options["postgresql"]
        if index.unique and options.get("where") is None and all(isinstance(e, Column) for e in index.expressions):
            found.append(list(index.columns))
    written = [columns for columns in found if columns and all(target.same.get(c, c) in target.columns for c in columns)]
    known = {frozenset(c.name for c in columns): columns for columns in written}
    return [known[k] for k in sorted(known, key=sorted)]


def upsert(maker: Maker, target: Target, columns: List[Any], session: Any) -> None:
    """The same row twice: the second one updates the first."""
    from sqlalchemy.dialects.postgresql import insert

    row = maker.values(session, target, full=True)
    values: Dict[str, Any] = {c.key: v for c, v in row.items()}
    on = target.mapper.polymorphic_on if target.mapper is not None else None
    if on is not None and on in target.same:
        values[target.same[on].key] = target.mapper.polymorphic_identity
    for column in columns:
        if column.key not in values and not target.is_generated(column):
            values[column.key] = maker.sampler.value(target.key, column, maker.dialect)
    keys = {c.key for c in columns}
    statement = insert(target.table).values(values)
    written = {n: statement.excluded[n] for n in values if n not in keys and not target.table.columns[n].primary_key}
    if written:
        statement = statement.on_conflict_do_update(index_elements=list(columns), set_=written)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(columns))
    for _ in range(2):
        session.execute(statement)


def cascade(maker: Maker, target: Target, relation: Any, session: Any) -> None:
    """Delete a row that others belong to: the ORM deletes them, empties their reference, or leaves it to the database."""
    other = next((t for t in maker.targets if t.mapper is relation.mapper), None)
    if other is None:
        raise CannotMake("no class has rows for %s" % relation.key)  # an abstract one
    row = maker.insert(session, target, full=False)
    try:
        child = maker.insert(session, other, full=False)
    except Exception as error:  # whatever it is, it is told of that class's own rows
        raise CannotMake("no row for %s can be written" % relation.key) from error
    if relation.secondary is not None:
        getattr(row, relation.key).append(child)
    else:
        for local, remote in relation.local_remote_pairs:
            maker.assign(other, child, {other.same.get(remote, remote): getattr(row, target.columns[target.same.get(local, local)])})
    session.flush()
    session.expire_all()
    session.delete(row)
    session.flush()
