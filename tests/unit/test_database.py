"""URLs: as libpq and SQLAlchemy take them, and as they may be printed."""

from __future__ import annotations

import pytest

from bgmigrate.database import conninfo, scrub, sqlalchemy_url, without_password
from bgmigrate.errors import ConfigurationError

URL = "postgresql+psycopg://me:s%40cret@host:5432/shop"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"])
def test_a_url_of_any_driver_serves_libpq_and_sqlalchemy(scheme: str) -> None:
    assert conninfo(f"{scheme}://me@host/shop") == "postgresql://me@host/shop"
    assert sqlalchemy_url(f"{scheme}://me@host/shop") == "postgresql+psycopg://me@host/shop"


@pytest.mark.parametrize("url", ["mysql://me@host/x", "host=x dbname=y", "sqlite:///x"])
def test_another_database_s_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not postgresql"):
        conninfo(url)


@pytest.mark.parametrize("url", [URL, "postgresql://me@host/shop?password=s%40cret", "postgresql://host/shop?user=me&password=s%40cret&x=1"])
def test_a_password_is_printed_in_no_form(url: str) -> None:
    said = scrub(f"cannot reach {url}: FATAL: s@cret is wrong", url) + without_password(url)
    assert "s%40cret" not in said
    assert "s@cret" not in said
    assert "host" in said
