"""API keys: `vv_<prefix>.<secret>`, of which only the secret's SHA-256 is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from vocalverse.errors import NotFound, Unauthenticated
from vocalverse.ids import uuid7
from vocalverse.store.tables import ApiKey, Venue


class Scope(StrEnum):
    UPLOAD = "upload"
    READ = "read"
    DELETE = "delete"
    HEALTH = "health"
    OPERATOR = "operator"  # every venue, everything
    METRICS = "metrics"


VENUE_SCOPES = (Scope.UPLOAD, Scope.READ, Scope.DELETE, Scope.HEALTH)


@dataclass(frozen=True)
class Caller:
    """Who is behind a key. `venue_id` is None for operators."""

    key_prefix: str
    venue_id: UUID | None
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or (Scope.OPERATOR in self.scopes and scope is not Scope.METRICS)


def issue_key(
    connection: Connection,
    *,
    venue_id: UUID | None,
    scopes: tuple[Scope, ...] = VENUE_SCOPES,
    label: str = "",
    valid_for: timedelta | None = None,
) -> str:
    """A new key. This is the only time that its secret is seen."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    connection.execute(
        insert(ApiKey).values(
            id=uuid7(),
            venue_id=venue_id,
            prefix=prefix,
            secret_sha256=_hashed(secret),
            label=label,
            scopes=[scope.value for scope in scopes],
            expires_at=datetime.now(UTC) + valid_for if valid_for else None,
        )
    )
    return f"vv_{prefix}.{secret}"


def revoke_key(connection: Connection, prefix: str) -> None:
    found = connection.execute(
        update(ApiKey).where(ApiKey.prefix == prefix.removeprefix("vv_").split(".")[0]).values(revoked_at=func.now())
    )
    if not found.rowcount:
        raise NotFound(f"There is no key {prefix!r}. `vocalverse keys list` shows their prefixes.")


def authenticate(connection: Connection, key: str) -> Caller:
    """Who presents this key; one and the same error for every way in which it can be wrong."""
    prefix, _, secret = key.removeprefix("vv_").partition(".")
    found = connection.execute(
        select(ApiKey.venue_id, ApiKey.secret_sha256, ApiKey.scopes)
        .outerjoin(Venue, Venue.id == ApiKey.venue_id)
        .where(
            ApiKey.prefix == prefix,
            ApiKey.revoked_at.is_(None),
            (ApiKey.expires_at.is_(None)) | (ApiKey.expires_at > func.now()),
            Venue.disabled_at.is_(None),
        )
    ).first()
    known = bytes(found.secret_sha256) if found else bytes(32)
    if not hmac.compare_digest(known, _hashed(secret)) or not found:
        raise Unauthenticated(
            "The API key is unknown, expired or revoked. Ask your operator for a new one (`vocalverse keys issue`)."
        )
    return Caller(prefix, found.venue_id, frozenset(Scope(scope) for scope in found.scopes))


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def list_keys(connection: Connection, *, venue_id: UUID | None = None) -> list[dict[str, Any]]:
    """All keys, or a venue's: their prefixes, never their secrets."""
    found = (
        select(
            ApiKey.prefix,
            Venue.slug.label("venue"),
            ApiKey.label,
            ApiKey.scopes,
            ApiKey.created_at,
            ApiKey.expires_at,
            ApiKey.revoked_at,
        )
        .outerjoin(Venue, Venue.id == ApiKey.venue_id)
        .order_by(ApiKey.id)
    )
    if venue_id:
        found = found.where(ApiKey.venue_id == venue_id)
    return [dict(row) for row in connection.execute(found).mappings()]
