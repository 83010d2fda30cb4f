"""Logins that read reports: one for every reader, each with the venues that it may see."""

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, insert, make_url, text

from vocalverse.errors import BadInput, Conflict
from vocalverse.store.connect import libpq_url
from vocalverse.store.roles import add_reporter
from vocalverse.store.tables import Audit
from vocalverse.store.venues import find_venue

_LONGEST_ROLE = 63  # Postgres cuts what is longer, and two logins would become one


def make_reporter(connection: Connection, url: str, *, role: str, slugs: Sequence[str], replace: bool) -> str:
    """The address, with its new password, at which `role` reads the reports of these venues."""
    if len(role) > _LONGEST_ROLE:
        raise BadInput(
            f"{role!r} is longer than the {_LONGEST_ROLE} letters of a login: name a shorter one by --login."
        )
    known = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if known and not replace:
        raise Conflict(f"There is a login {role} already: choose another by --login, or change this one by --replace.")
    venue_ids = [find_venue(connection, slug) for slug in dict.fromkeys(slugs)]
    password = secrets.token_urlsafe(24)
    add_reporter(connection, role=role, password=password, venue_ids=venue_ids)
    for venue_id in venue_ids:
        connection.execute(insert(Audit).values(actor="cli", action="reporter_added", venue_id=venue_id, subject=role))
    address = make_url(libpq_url(url)).set(username=role, password=password)
    return address.render_as_string(hide_password=False)
