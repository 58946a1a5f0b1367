"""Bringing a project file to the schema of this program, one numbered step at a time."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from crystal_studio.project import schema

FOLDER = Path(__file__).parent


def upgrade(engine: Engine, version: int, folder: Path | None = None) -> None:
    """Make every step above ``version`` up to the present schema in one transaction.

    Either all of it happens, the version number included, or nothing.
    """
    with engine.begin() as connection:
        _steps(connection, version, folder or FOLDER)
        connection.exec_driver_sql(f"PRAGMA application_id={schema.APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version={schema.SCHEMA_VERSION}")


def _steps(connection: Connection, version: int, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version"] = version
    command.upgrade(config, f"{schema.SCHEMA_VERSION:04d}")


def compact(engine: Engine) -> None:
    """Give the space of the former tables back to the disk; where there is no room for that, leave it."""
    with contextlib.suppress(DBAPIError), engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with contextlib.suppress(sqlite3.Error):
            driver.execute("VACUUM").close()
