"""A value that was added to an enum type: who cannot load it, who promises not to write it, and what rollback says of it."""

from __future__ import annotations

import pytest

from tests.lifecycle.case import PRELUDE
from tests.project import Project

BLUE = PRELUDE + '''
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Enum("new", "paid", name="order_status"), info={})
'''
GREEN = BLUE.replace('"new", "paid"', '"new", "refunded", "paid"')
PROMISE = GREEN.replace("info={}", 'info={"bgmigrate": {"writes_later": ["refunded"]}}')


@pytest.fixture
def expanded(project: Project) -> Project:
    project.models(blue=BLUE, green=GREEN, promise=PROMISE)
    project.start_blue("INSERT INTO orders (status) SELECT 'new' FROM generate_series(1, 20)")
    planned = project.must("plan", "-m", "refunds", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert [(f["code"], f["table"], f["column"]) for f in planned.json["findings"]] == [("BGM211", "orders", "status")]
    project.must("expand")
    return project


def test_verify_fails_unless_green_promises_to_write_the_value_later(expanded: Project) -> None:
    refused = expanded.must("verify", "--blue", expanded.spec("blue"), "--green", expanded.spec("green"), code=3)
    assert [(f["code"], f["table"], f["column"]) for f in refused.json["findings"] if f["severity"] == "error"] == [("BGM804", "orders", "status")]
    assert "writes_later" in refused.json["findings"][0]["next"]
    expanded.must("verify", "--blue", expanded.spec("blue"), "--green", expanded.spec("promise"))


def test_rollback_is_done_and_names_the_value_and_the_rows_that_hold_it(expanded: Project) -> None:
    expanded.sql("UPDATE orders SET status = 'refunded' WHERE id IN (3, 5)")
    told = expanded.must("rollback").json["findings"]
    assert [(f["code"], f["severity"], f.get("table")) for f in told] == [("BGM211", "warning", None), ("BGM211", "warning", "orders")]
    assert "order_status" in told[0]["what"] and "'refunded'" in told[0]["what"]
    assert "2 rows" in told[1]["what"] and ": 3, 5" in told[1]["what"]
    assert expanded.sql("SELECT count(*) FROM orders WHERE status = 'refunded'") == [(2,)]
    expanded.must("expand")
    assert expanded.sql("SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder") == [("new",), ("refunded",), ("paid",)]
