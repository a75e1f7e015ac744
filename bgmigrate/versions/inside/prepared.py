"""Does a session go on after the result of a statement that it has run often has got other columns?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS
    from bgmigrate.versions.inside.session import told, with_connection

OFTEN = 12  # psycopg 3 prepares what it has run five times, by default


def forgets(url: str, driver: str) -> bool:
    """Whether the driver, as SQLAlchemy uses it by default, takes a changed result without an error."""

    def work(connection: Any) -> bool:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE bgm_prepared (a int)")
        connection.commit()
        for _ in range(OFTEN):
            connection.exec_driver_sql("SELECT * FROM bgm_prepared").all()
            connection.commit()
        # hidden in a DO: psycopg forgets its statements when it sees an ALTER of its own go by, and here it is somebody else's
        connection.exec_driver_sql("DO $$ BEGIN ALTER TABLE bgm_prepared ADD COLUMN b int; END $$")
        connection.commit()
        try:
            connection.exec_driver_sql("SELECT * FROM bgm_prepared").all()
        except Exception as error:
            if told(error).get("state") == "0A000" or "cached" in str(error):
                return False
            raise
        return True

    return bool(with_connection(url, driver, work))


COMMANDS["forgets"] = forgets
