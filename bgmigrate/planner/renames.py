"""What may be a rename and what nobody has said: asked at a terminal, refused without one, never guessed.

Alembic takes a rename for a drop and an add, and the values are lost. Ours names the candidates, the likeliest first, and the hint to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from bgmigrate.catalog import Table
from bgmigrate.changes import Differences
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Something new, and what has gone that it may have been. `table`: None where it is a table itself."""

    table: str | None
    new: str
    candidates: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in questions and findings."""
        return f"{self.table}.{self.new}" if self.table else self.new


def undecided(differences: Differences) -> list[Undecided]:
    """Tables, then columns, that may be others under a new name."""
    return [*_tables(differences), *_columns(differences)]


def refuse_undecided(differences: Differences) -> None:
    """Raise Refused (BGM902), naming each hint to write, where something may be a rename; BGM901 for a name that revisions cannot say."""
    findings = [*_dotted(differences), *(f for u in undecided(differences) for f in _told(u))]
    if findings:
        raise Refused(findings[0].what, why=findings[0].why, next=findings[0].next, findings=findings)


def _columns(differences: Differences) -> Iterator[Undecided]:
    """A column went and one of the same type came."""
    gone = [d for d in differences.pool if d.what == "column" and d.want is None]
    for new in (d for d in differences.pool if d.what == "column" and d.have is None):
        if new.table is None or differences.hints.decided(new.table, new.name):
            continue
        same = [
            old.name for old in gone
            if old.table == new.table and old.have.type == new.want.type and (old.table, old.name) not in differences.hints.backward
            and not differences.hints.moves(new.table, old.name)
        ]
        if same:
            yield Undecided(table=new.table, new=new.name, candidates=_likeliest(new.name, same))


def _tables(differences: Differences) -> Iterator[Undecided]:
    """A table went and one with the same columns came: taken for a drop and a create, its rows would be lost."""
    gone = {d.name: d.have for d in differences.pool if d.what == "table" and d.want is None}
    for d in differences.pool:
        if d.what == "table" and d.have is None and "renamed_from" not in differences.hints.tables.get(d.name, {}):
            same = [old for old, table in gone.items() if _form(table) == _form(d.want)]
            if same:
                yield Undecided(table=None, new=d.name, candidates=_likeliest(d.name, same))


def _likeliest(new: str, candidates: list[str]) -> tuple[str, ...]:
    return tuple(sorted(candidates, key=lambda old: -SequenceMatcher(None, old, new).ratio()))


def _form(table: Table) -> list[tuple[str, str]]:
    return [(c.name, c.type) for c in table.columns.values()]


def _told(u: Undecided) -> Iterator[Finding]:
    for old in u.candidates:
        if u.table:
            yield Finding(
                code="BGM902", table=u.table, column=u.new, what=f"is {u.name} a new column, or {u.table}.{old} under a new name?",
                why="A rename is never guessed: taken for a drop and an add, the values would be lost; taken for a rename, they would be mixed up.",
                next=f'Say it in the model: mapped_column(info={{"bgmigrate": {{"renamed_from": "{old}"}}}}) (or --rename {u.table}.{old}={u.new}); '
                f'"renamed_from": None says that it is no rename.',
            )
        else:
            yield Finding(
                code="BGM902", table=u.new, what=f"is {u.new} a new table, or {old} under a new name? Their columns are the same",
                why="Taken for a drop and a create, its rows would be lost.",
                next=f'Say it in {u.new}\'s info: __table_args__ = {{"info": {{"bgmigrate": {{"renamed_from": "{old}"}}}}}} '
                f'(or --rename-table {old}={u.new}); "renamed_from": None says that it is another table.',
            )


def _dotted(differences: Differences) -> Iterator[Finding]:
    """A dot in a table's own name reads as a schema in revisions and findings."""
    for table in differences.green.tables.values():
        if "." in table.name or "." in table.schema:
            yield Finding(
                code="BGM901", table=table.key, what=f"bgmigrate cannot work on the table {table.sql}: there is a dot in its name or schema",
                why="In revision files it would be taken for a table of another schema.", next="Rename it by hand, or leave it out of the models.",
            )
