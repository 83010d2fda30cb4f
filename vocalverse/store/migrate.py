"""Bringing a database to this version, and telling whether it is there."""

from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import migrations
from vocalverse.store import roles
from vocalverse.store.connect import owner_engine
from vocalverse.store.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

# One migrator at a time, whoever starts first: the others wait here instead of tripping over half-made tables.
_ADVISORY_KEY = 0x766F63616C  # "vocal"


def upgrade(url: str, *, to: str = "head") -> None:
    """Make the roles, move the tables to `to`, then grant what each role may do."""
    with _migrating(url) as connection:
        roles.ensure_roles(connection)
        roles.become_owner(connection)
        command.upgrade(_config(connection), to)
        if to == "head":
            roles.grant(connection)


def downgrade(url: str, *, to: str) -> None:
    with _migrating(url) as connection:
        roles.become_owner(connection)
        roles.ungrant(connection)
        command.downgrade(_config(connection), to)


def drift(connection: Connection) -> list[str]:
    """How the database differs from `tables`, in words; empty where it does not."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    at = context.get_current_revision()
    head = ScriptDirectory.from_config(_config(connection)).get_current_head()
    if at != head:
        return [f"the database is at migration {at or 'none'}, this version needs {head}: run `vocalverse db upgrade`"]
    return [_in_words(difference) for difference in compare_metadata(context, Base.metadata)]


def _in_words(difference: Sequence[object]) -> str:
    return " ".join(str(part) for part in difference)


@contextmanager
def _migrating(url: str) -> "Iterator[Connection]":
    engine = owner_engine(url)
    try:
        with engine.connect() as connection:
            # Rather fail and be run again than queue up behind a long report and stop all who come after.
            connection.execute(text("SET lock_timeout = '5s'"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
            connection.commit()
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
