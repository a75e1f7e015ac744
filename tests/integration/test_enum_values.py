"""Values of enum types that come, go and change: who cannot load them, who promises not to write them, what is refused and what is advised."""

from __future__ import annotations

import pytest

from tests.lifecycle.case import PRELUDE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)

BLUE = PRELUDE + '''
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Enum("new", "paid", name="order_status"), info={})
'''
GREEN = BLUE.replace('"new", "paid"', '"new", "refunded", "paid"')
PROMISE = GREEN.replace("info={}", 'info={"bgmigrate": {"never_writes": ["refunded"]}}')


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
    assert "never_writes" in refused.json["findings"][0]["next"]
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


def test_a_value_is_not_removed_while_rows_hold_it(project: Project) -> None:
    project.models(blue=GREEN, green=BLUE)
    project.start_blue("INSERT INTO orders (status) SELECT (ARRAY['new', 'refunded'])[i % 2 + 1]::order_status FROM generate_series(1, 4) i")
    planned = project.must("plan", "-m", "no refunds", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert [(f["code"], f["severity"], f.get("column")) for f in planned.json["findings"]] == [
        ("BGM212", "warning", "status"), ("BGM212", "warning", None),  # what may come, and what is there
    ]
    refused = project.must("expand", code=3)
    assert refused.codes == {"BGM212"}
    assert "2 rows of orders hold a value in status that order_status is to lose: 1, 3" in refused.json["findings"][0]["what"]
    project.sql("UPDATE orders SET status = 'new'")
    project.must("expand")
    # blue may still write it, and meets no error; the new version cannot load it, and contract is refused
    project.sql("INSERT INTO orders (status) VALUES ('refunded')")
    failed = project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), code=3)
    assert ("BGM804", "green") in {(f["code"], f["version"]) for f in failed.json["findings"] if f["severity"] == "error"}


def test_a_value_under_a_new_name_is_refused_with_the_hint_to_write(project: Project) -> None:
    project.models(blue=BLUE, green=BLUE.replace('"paid"', '"settled"'))
    project.start_blue("")
    refused = project.must("plan", "-m", "settled", "--from", project.spec("blue"), "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM212"}
    advice = refused.json["findings"][0]["next"]
    assert "\"forward\": \"CASE status::text WHEN 'paid' THEN 'settled' ELSE status::text END::order_status_new\"" in advice
    assert "\"status\": \"CASE status_new::text WHEN 'settled' THEN 'paid' ELSE status_new::text END::order_status\"" in advice


def test_a_type_that_several_tables_share_is_rebuilt_for_all_of_them(project: Project) -> None:
    other = '\nclass Other(Base):\n    __tablename__ = "others"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    s = mapped_column(Enum({}))\n'
    blue = BLUE + other.format('"new", "paid", name="order_status"')
    project.models(blue=blue, green=blue.replace('"new", "paid"', '"paid", "new"'))
    project.start_blue("")
    planned = project.must("plan", "-m", "order", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert [(c["kind"], c["table"], c["column"]) for c in planned.json["changes"]] == [("change_enum", "orders", "status")]
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "gone")
    assert project.sql("SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder") == [("paid",), ("new",)]
    assert project.sql("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attname IN ('status', 's') AND attrelid IN ('orders'::regclass, 'others'::regclass)") == [("order_status",)] * 2
