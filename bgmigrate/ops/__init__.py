"""The closed, small set of Alembic operations that revisions are written in. Importing this registers them on `alembic.op`."""

from bgmigrate.ops.backfill import BackfillDeferred, BackfillRows
from bgmigrate.ops.base import Step
from bgmigrate.ops.begin import BeginContract, BeginExpand, BeginRollback, EndRollback, KeepContracted
from bgmigrate.ops.catalog_only import AlterInCatalog, CommentOn, NarrowColumn, RequireFit, WidenColumn
from bgmigrate.ops.columns import AddColumns, DropColumns
from bgmigrate.ops.constraints import AddConstraint, AdoptIndex, DropNotNull, RemoveConstraint, RequireNotNull
from bgmigrate.ops.dependents import RequireMovable
from bgmigrate.ops.enums import AddEnumValue, KeepEnumValue
from bgmigrate.ops.exchange import ExchangeColumns
from bgmigrate.ops.indexes import BuildIndex, RemoveIndex, RenameIndexes, ReplaceIndex
from bgmigrate.ops.move import StopSynchronizingTables, SynchronizeTables
from bgmigrate.ops.move_rows import BackfillTable
from bgmigrate.ops.read_back import RequireReadBack
from bgmigrate.ops.rename_constraints import RenameConstraints
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.stop import StopSynchronizing
from bgmigrate.ops.sync import SynchronizeColumns
from bgmigrate.ops.tables import BuildTable, DropTables
from bgmigrate.ops.types import BuildType, DropTypes

__all__ = [
    "AddColumns",
    "AddConstraint",
    "AddEnumValue",
    "AdoptIndex",
    "AlterInCatalog",
    "BackfillDeferred",
    "BackfillRows",
    "BackfillTable",
    "BeginContract",
    "BeginExpand",
    "BeginRollback",
    "BuildIndex",
    "BuildTable",
    "BuildType",
    "CommentOn",
    "DropColumns",
    "DropNotNull",
    "DropTables",
    "DropTypes",
    "EndRollback",
    "ExchangeColumns",
    "KeepContracted",
    "KeepEnumValue",
    "NarrowColumn",
    "RemoveConstraint",
    "RemoveIndex",
    "RenameConstraints",
    "RenameIndexes",
    "ReplaceIndex",
    "RequireData",
    "RequireFit",
    "RequireMovable",
    "RequireNotNull",
    "RequireReadBack",
    "Step",
    "StopSynchronizing",
    "StopSynchronizingTables",
    "SynchronizeColumns",
    "SynchronizeTables",
    "WidenColumn",
]
