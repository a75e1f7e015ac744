"""Is the schema at the end the models' own?"""

from __future__ import annotations

from bgmigrate import catalog
from bgmigrate.database import connect
from bgmigrate.findings import Finding
from bgmigrate.planner.diff import diff
from bgmigrate.planner.prove import only
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.verify import clone
from bgmigrate.verify.clone import LiveSchema


def compared(settings: Settings, url: str, models: Snapshot, live: LiveSchema, ignore: set[str]) -> list[Finding]:
    """Compare a copy with what the models create in an empty database; tables that no model has are nobody's business."""
    with clone.own(settings, models, live, "models") as built, connect(built, purpose="rehearse") as c:
        wanted = catalog.read(c, ignore=ignore)
    with connect(url, purpose="rehearse") as c:
        have = only(catalog.read(c, ignore=ignore), wanted)
    return [
        Finding(
            code="BGM952", table=d.table, what=f"the end is not the models' schema: {d}",
            why="The version that runs on it would meet another schema than it says.",
            next="bgmigrate plan -m MESSAGE, which writes the revision that is missing; or correct the one that was written by hand.",
        )
        for d in diff(have, wanted, models)
    ]
