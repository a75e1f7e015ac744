"""The closed, small set of Alembic operations that revisions are written in. Importing this registers them on `alembic.op`."""

from bgmigrate.ops.backfill import BackfillRows
from bgmigrate.ops.base import Step
from bgmigrate.ops.begin import BeginContract, BeginExpand, BeginRollback, EndRollback, KeepContracted
from bgmigrate.ops.build_exclusion import BuildExclusion
from bgmigrate.ops.build_key import BuildKey, RemoveKey
from bgmigrate.ops.catalog_only import AlterInCatalog, CommentOn, CommentOnConstraints, NarrowColumn, RequireFit, WidenColumn
from bgmigrate.ops.columns import AddColumns, DropColumns
from bgmigrate.ops.constraints import AddConstraint, AdoptIndex, DropNotNull, RemoveConstraint, RequireNotNull
from bgmigrate.ops.deferred import BackfillDeferred
from bgmigrate.ops.dependents import RequireMovable
from bgmigrate.ops.enums import ExtendEnum, KeepEnumValue
from bgmigrate.ops.exchange import ExchangeColumns
from bgmigrate.ops.generated import GenerateColumn
from bgmigrate.ops.indexes import BuildIndex, RemoveIndex, RenameIndexes, ReplaceIndex
from bgmigrate.ops.move import StopSynchronizingTables, SynchronizeTables
from bgmigrate.ops.move_rows import BackfillTable
from bgmigrate.ops.numbering import AdvanceSequence, MakeIdentity, MakeSerial, NumberColumn, UnnumberColumn
from bgmigrate.ops.parameters import SetParameters, assigned, set_parameters
from bgmigrate.ops.primary_key import BuildKeyParts, RemoveKeyParts, ReplacePrimaryKey
from bgmigrate.ops.read_back import RequireReadBack
from bgmigrate.ops.rename_constraints import RenameConstraints
from bgmigrate.ops.rename_table import FollowTable, HideTable, RenameTable, ShowTable
from bgmigrate.ops.replace_constraint import ReplaceConstraint
from bgmigrate.ops.require_convertible import CountRoundTrips, RequireConvertible
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.require_rows import RequireRows
from bgmigrate.ops.require_small import RequireSmall
from bgmigrate.ops.schemas import BuildSchema, DropEmptySchema
from bgmigrate.ops.sequences import AlterSequence, BuildSequence, DropSequences, RequirePosition
from bgmigrate.ops.stop import StopSynchronizing, StopTogether
from bgmigrate.ops.sync import SynchronizeColumns
from bgmigrate.ops.tables import BuildTable, DropTables
from bgmigrate.ops.things import Attach, BuildFunction, BuildView, Detach, DropFunctions, DropViews
from bgmigrate.ops.transformed import StopTransforming
from bgmigrate.ops.types import BuildType, DropTypes
from bgmigrate.ops.validate import AddUnvalidated, ValidateConstraint

__all__ = [
    "AddColumns",
    "AddConstraint",
    "AddUnvalidated",
    "AdoptIndex",
    "AdvanceSequence",
    "AlterInCatalog",
    "AlterSequence",
    "Attach",
    "BackfillDeferred",
    "BackfillRows",
    "BackfillTable",
    "BeginContract",
    "BeginExpand",
    "BeginRollback",
    "BuildExclusion",
    "BuildFunction",
    "BuildIndex",
    "BuildKey",
    "BuildKeyParts",
    "BuildSchema",
    "BuildSequence",
    "BuildTable",
    "BuildType",
    "BuildView",
    "CommentOn",
    "CommentOnConstraints",
    "CountRoundTrips",
    "Detach",
    "DropColumns",
    "DropEmptySchema",
    "DropFunctions",
    "DropNotNull",
    "DropSequences",
    "DropTables",
    "DropTypes",
    "DropViews",
    "EndRollback",
    "ExchangeColumns",
    "ExtendEnum",
    "FollowTable",
    "GenerateColumn",
    "HideTable",
    "KeepContracted",
    "KeepEnumValue",
    "MakeIdentity",
    "MakeSerial",
    "NarrowColumn",
    "NumberColumn",
    "RemoveConstraint",
    "RemoveIndex",
    "RemoveKey",
    "RemoveKeyParts",
    "RenameConstraints",
    "RenameIndexes",
    "RenameTable",
    "ReplaceConstraint",
    "ReplaceIndex",
    "ReplacePrimaryKey",
    "RequireConvertible",
    "RequireData",
    "RequireFit",
    "RequireMovable",
    "RequireNotNull",
    "RequirePosition",
    "RequireReadBack",
    "RequireRows",
    "RequireSmall",
    "SetParameters",
    "ShowTable",
    "Step",
    "StopSynchronizing",
    "StopSynchronizingTables",
    "StopTogether",
    "StopTransforming",
    "SynchronizeColumns",
    "SynchronizeTables",
    "UnnumberColumn",
    "ValidateConstraint",
    "WidenColumn",
    "assigned",
    "set_parameters",
]
