"""The project's revisions, by branch, and what of them a database has."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, to_tuple

from bgmigrate.database import Connection
from bgmigrate.errors import BgmigrateError, ConfigurationError, Refused
from bgmigrate.history import configuration
from bgmigrate.history.revision_file import revision_text
from bgmigrate.history.version_table import VersionTable, version_table
from bgmigrate.settings import Settings

Branch = Literal["expand", "contract"]


class Project:
    """One Alembic environment. Reading it runs neither env.py (unless its version table can be learnt in no other way) nor a revision."""

    def __init__(self, settings: Settings, files: configuration.Files, config: Config) -> None:
        self.settings, self.files, self.config = settings, files, config
        self._version_table: VersionTable | None = None
        self.script: ScriptDirectory
        self.reload()

    @classmethod
    def open(cls, settings: Settings) -> Project:
        """Open the project's environment, adopted or not. Raises ConfigurationError when there is none or it cannot be loaded."""
        found = configuration.find(settings)
        if found is None:
            raise ConfigurationError(
                f"there is no Alembic environment in {settings.directory}", why="Its history says which schema the migrations give.",
                next="Run `bgmigrate init`.", code="BGM918",
            )
        return cls(settings, *found)

    def reload(self) -> None:
        """Read the revision files (again)."""
        self.script = configuration.script_directory(self.config, self.settings.directory)
        with warnings.catch_warnings():
            # Of a revision that is there twice, or stands on none that is there, Alembic only warns.
            warnings.filterwarnings("error", r"Revision \S+ (referenced|is present)|File .* loaded twice", UserWarning)
            try:
                self.script.revision_map._revision_map  # noqa: B018  (loads every file)
            except BgmigrateError:
                raise
            except Exception as error:
                raise ConfigurationError(
                    f"the revision files cannot be loaded: {type(error).__name__}: {_first_line(error)}",
                    why="Without all of them nobody can say what a database has and lacks.", next="Correct the file; `alembic history` must work.",
                    code="BGM918",
                ) from error

    @property
    def labels(self) -> frozenset[str]:
        """Every branch label of the history."""
        return frozenset(label for s in self.script.walk_revisions() for label in s.branch_labels)

    @property
    def adopted(self) -> bool:
        """Has `init` given the history its two branches?"""
        return self._labelled("expand") is not None and self._labelled("contract") is not None

    @property
    def version_directories(self) -> list[Path]:
        """Where Alembic looks for revision files."""
        return [Path(p) for p in self.script._version_locations]

    def anchor(self, branch: Branch) -> Script:
        """The empty revision that a branch starts at. Raises ConfigurationError before `init`."""
        found = self._labelled(branch)
        if found is None:
            raise ConfigurationError(
                f"the Alembic history in {self.script.dir} has no branch {branch!r}",
                why="Expand and contract steps are kept in branches of their own.",
                next="Run `bgmigrate init`.", code="BGM918",
            )
        return found

    def expands(self) -> list[Script]:
        """The expand branch, oldest first, without its anchor."""
        return self._branch("expand")

    def contracts(self) -> list[Script]:
        """The contract branch, oldest first, without its anchor."""
        return self._branch("contract")

    def path_of(self, revision: str) -> Path:
        """A revision's file."""
        return Path(self._script(revision).path)

    def contract_of(self, expand: str) -> Script | None:
        """The contract that depends on this expand; None when it needs none."""
        return next((c for c in self.contracts() if expand in self._dependencies(c)), None)

    def heads(self) -> tuple[str, ...]:
        """The effective heads: what a database at `heads` has in its version table."""
        return tuple(sorted(self.script.get_heads(consider_depends_on=True)))

    def effective(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """Of these revisions (symbols allowed) those that no other of them includes: the right rows for a version table."""
        wanted = {s.revision for r in revisions for s in self.script.get_revisions(r) if s is not None}
        covered = {a for r in wanted for a in self.closure([r]) - {r}}
        return tuple(sorted(wanted - covered))

    def closure(self, revisions: Iterable[str]) -> frozenset[str]:
        """These revisions with everything that they stand on and depend on."""
        out: set[str] = set()
        todo = list(revisions)
        while todo:
            revision = todo.pop()
            if revision not in out:
                out.add(revision)
                script = self._script(revision)
                todo += [*to_tuple(script.down_revision, default=()), *self._dependencies(script)]
        return frozenset(out)

    @property
    def version_table(self) -> VersionTable:
        """The table in which Alembic keeps what a database has. `.name`, `.schema`."""
        if self._version_table is None:
            known = version_table(Path(self.script.env_py_location))
            if known is None:
                from bgmigrate.history.runner import target

                facts = target(self)
                known = VersionTable(name=facts.version_table, schema=facts.version_table_schema)
            self._version_table = known
        return self._version_table

    def recorded(self, connection: Connection) -> tuple[str, ...]:
        """The rows of the version table as they are; none when there is no table. Do not compare them: see `applied`."""
        table = self.version_table
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table.sql]).fetchone()
        if row is None or not row[0]:
            return ()
        return tuple(sorted(r[0] for r in connection.execute(table.select.encode())))

    def unknown(self, connection: Connection) -> tuple[str, ...]:
        """Recorded revisions that no file has."""
        return tuple(r for r in self.recorded(connection) if r not in self.script.revision_map._revision_map)

    def applied(self, connection: Connection) -> frozenset[str]:
        """Every revision that the database has, with all they stand on and depend on.

        Raises Refused (BGM918) when it names a revision that no file has.
        """
        if unknown := self.unknown(connection):
            names = ", ".join(unknown)
            raise Refused(
                f"the database is at revision {names}, which no file in {self.script.dir} has",
                why="Its file was deleted, or this code is older than the database: what the database has cannot be known from here.",
                next=f"Check out the code that has it, or restore the file (git log --all --diff-filter=D -- '*{unknown[0]}*').",
                code="BGM918", revisions=unknown,
            )
        return self.closure(self.recorded(connection))

    def pending_expands(self, connection: Connection) -> list[Script]:
        """Expands that the database does not have, oldest first."""
        applied = self.applied(connection)
        return [s for s in self.expands() if s.revision not in applied]

    def pending_contracts(self, connection: Connection) -> list[Script]:
        """Contracts that the database does not have, oldest first."""
        applied = self.applied(connection)
        return [s for s in self.contracts() if s.revision not in applied]

    def missing_ancestors(self, connection: Connection) -> list[str]:
        """The project's own revisions, from before the branches, that the database lacks; `expand` applies them with its own."""
        anchors = {self.anchor("expand").revision, self.anchor("contract").revision}
        return sorted(self.closure(anchors) - anchors - self.applied(connection))

    def write_revision(
        self, *, branch: Branch, message: str, revision: str, body_upgrade: str, body_downgrade: str, docstring: str = "",
        depends_on: str | tuple[str, ...] | None = None, imports: Iterable[str] = ("import bgmigrate.revisions  # noqa: F401",),
        merging: bool = False,
    ) -> Path:
        """Write a revision at a branch's head: the same bytes for the same arguments. Raises Refused when the branch has several heads.

        Bodies are unindented statements. `merging`: this one joins the heads.
        """
        heads = self.branch_heads(branch)
        if len(heads) > 1 and not merging:
            raise Refused(
                f"the {branch} branch has {len(heads)} heads: {', '.join(heads)}",
                why="Two plans were made side by side; which comes first is not known.",
                next="bgmigrate plan --merge -m merge", code="BGM918",
            )
        directory = Path(self.anchor(branch).path).parent
        plain = unicodedata.normalize("NFKD", message.lower()).encode("ascii", "ignore").decode()
        slug = "_".join(re.findall(r"\w+", plain))[:40].strip("_") or branch
        path = directory / f"{revision}_{slug}.py"
        path.write_text(
            revision_text(
                message=message, revision=revision, down_revision=tuple(heads) if merging else heads[0], depends_on=depends_on,
                docstring=docstring, imports=tuple(imports),
                upgrade=body_upgrade, downgrade=body_downgrade,
            ),
            encoding="utf-8", newline="\n",
        )
        self.reload()
        return path

    def _labelled(self, label: str) -> Script | None:
        try:
            return self.script.get_revision(label)
        except CommandError:
            return None

    def _branch(self, branch: Branch) -> list[Script]:
        anchor = self.anchor(branch).revision
        inside, todo = {anchor}, [anchor]
        while todo:
            new = set(self._script(todo.pop()).nextrev) - inside
            inside |= new
            todo += new
        ordered: list[Script] = []
        done = {anchor}
        while waiting := sorted(inside - done):
            ready = [r for r in waiting if set(to_tuple(self._script(r).down_revision, default=())) & inside <= done]
            ordered += [self._script(r) for r in ready]
            done |= set(ready)
        return ordered

    def branch_heads(self, branch: Branch) -> list[str]:
        """The newest revisions of a branch: more than one where plans were made side by side."""
        members = [self.anchor(branch), *self._branch(branch)]
        return sorted(s.revision for s in members if not s.nextrev)

    def _dependencies(self, script: Script) -> set[str]:
        named = to_tuple(script.dependencies, default=())
        return {s.revision for name in named for s in self.script.get_revisions(name) if s is not None}

    def _script(self, revision: str) -> Script:
        script = self.script.get_revision(revision)
        assert script is not None
        return script


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
