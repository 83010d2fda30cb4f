"""The operator's way to Postgres: a transaction, and one sentence where there is none to be had."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vocalverse.errors import Busy, Unavailable
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection


class NotMigrated(Unavailable):
    code = "not_migrated"


@contextmanager
def operating(settings: Settings | None = None) -> "Iterator[Connection]":
    """One transaction as the operator; committed unless the body raises."""
    with _connected(settings) as connection, connection.begin():
        yield connection


@contextmanager
def looking(settings: Settings | None = None) -> "Iterator[Connection]":
    """For long looks: each statement by itself, so that no transaction stands open for hours."""
    with _connected(settings) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection


@contextmanager
def _connected(settings: Settings | None) -> "Iterator[Connection]":
    from vocalverse.store.connect import owner_engine

    url = (settings or Settings.read()).database_url
    engine = owner_engine(url, actor="cli")
    try:
        with telling_outages(url), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def telling_outages(url: str) -> Iterator[None]:
    """What SQLAlchemy raises, as errors of ours that say what to do."""
    from psycopg.errors import InsufficientPrivilege, LockNotAvailable, UndefinedColumn, UndefinedTable
    from sqlalchemy import make_url
    from sqlalchemy.exc import DBAPIError, OperationalError

    where = make_url(url).set(query={}).render_as_string(hide_password=True) if url else "nowhere"
    try:
        yield
    except OperationalError as away:
        if isinstance(away.orig, LockNotAvailable):
            raise Busy(f"Somebody holds what this needs in {where} for longer than 5 s. Run it again later.") from away
        raise Unavailable(
            f"Postgres at {where} does not answer ({_first_line(away)}). `vocalverse up` starts one, `vocalverse doctor`"
            " looks closer; VOCALVERSE_DATABASE_URL names another."
        ) from away
    except DBAPIError as broken:
        if isinstance(broken.orig, UndefinedTable | UndefinedColumn):
            raise NotMigrated(
                f"The database at {where} is not at this version ({_first_line(broken)}). Run `vocalverse db upgrade`."
            ) from broken
        if isinstance(broken.orig, InsufficientPrivilege):
            raise Unavailable(
                f"The login of {where} may not do that ({_first_line(broken)}). Name the owner's login in"
                " VOCALVERSE_DATABASE_URL."
            ) from broken
        raise


def _first_line(error: Exception) -> str:
    said = str(getattr(error, "orig", error)).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(" .")
