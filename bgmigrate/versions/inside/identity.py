"""Two rows that another version takes for one: written by the version whose key is wider, met by the one whose key is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION
    from bgmigrate.versions.inside.crossread import Reader
    from bgmigrate.versions.inside.roundtrip import sampler
    from bgmigrate.versions.inside.rows import Maker
    from bgmigrate.versions.inside.session import attempt, told, with_connection


def twins(url: str, driver: str, facts: Dict[str, Any], first: int, table: str, key: List[str]) -> Dict[str, Any]:
    """Commit two rows of a table that are alike in the columns `key`: `{"key": texts}`, or `{"error": …}` when that is refused."""
    from sqlalchemy import Text, cast, select

    def work(connection: Any) -> Dict[str, Any]:
        maker = Maker(VERSION, sampler(facts, first, url), connection)
        target = next((t for t in maker.targets if t.key == table), None)
        if target is None:
            return {"error": {"message": "no class or table of it"}}
        columns = [target.table.columns[c] for c in key]

        def two(session: Any) -> List[str]:
            row = maker.insert(session, target, full=True)
            values = dict(zip(columns, maker.read_columns(session, target, row, columns)))
            found = session.execute(select(*(cast(c, Text) for c in columns)).where(maker.where(target, row))).one()
            maker.insert(session, target, full=True, fixed={target.same.get(c, c): v for c, v in values.items()})
            return list(found)

        found, error = maker.settled(two, keep=True)
        connection.commit()
        return {"error": told(error)} if error is not None else {"key": found}

    return dict(with_connection(url, driver, work))


def meet(url: str, driver: str, table: str, key: List[str]) -> List[Dict[str, Any]]:
    """What becomes of a row that is found, changed and deleted by this version's key when two have it; nothing stays.

    `[{"does": "SELECT" | "UPDATE" | "DELETE", "rows": affected or None, "message": said or None}]`
    """

    def work(connection: Any) -> List[Dict[str, Any]]:
        transaction = connection.begin()
        try:
            reader = Reader(Maker(VERSION, sampler({}, 1, ""), connection))
            target = reader.of_key.get(table)
            if target is None or len(list(target.table.primary_key)) != len(key):
                return []
            where = reader.condition(target, key)
            plain = next((c for c in target.columns if c.table is target.table and not c.primary_key and not target.is_generated(c)), None)

            def found(session: Any) -> Optional[int]:
                from sqlalchemy import select

                return len(session.execute(select(*target.table.primary_key.columns).where(where)).all())

            def changed(session: Any) -> Optional[int]:
                assert plain is not None
                return int(session.execute(target.table.update().where(where).values({plain.key: plain})).rowcount)

            def deleted(session: Any) -> Optional[int]:
                return int(session.execute(target.table.delete().where(where)).rowcount)

            out = []
            for does, what in (("SELECT", found), ("UPDATE", changed if plain is not None else found), ("DELETE", deleted)):
                rows, error = attempt(connection, what)
                out.append({"does": does, "rows": rows, "message": told(error)["message"] if error is not None else None})
            return out
        finally:
            transaction.rollback()

    return list(with_connection(url, driver, work))


COMMANDS["twins"] = twins
COMMANDS["meet"] = meet
